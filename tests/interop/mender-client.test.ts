import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { words } from "../../tools/local/moult-command.ts";
import {
  failsBeforeItsCommit,
  givesUpWhatWasAborted,
  goesOnAfterAKill,
  verifiesSignatures,
} from "./mender-cases.fixture.ts";
import { createMenderDevice } from "./mender-client.fixture.ts";
import {
  isReported,
  LONG_MS,
  startMenderFleet,
  TIMEOUT,
  WATCHED,
  type MenderFleet,
} from "./mender-fleet.fixture.ts";

// Debian's mender-client as it is packaged, against the server as it runs, by the commands of docs/guide/mender-clients.md.

let fleet: MenderFleet;
/** Its server is killed, so it has one of its own; nearly all of it is the client's pause of a minute, beside which the others run. */
let killed: { readonly fleet: MenderFleet; readonly end: Promise<void> } | undefined;
beforeAll(async () => {
  fleet = await startMenderFleet(createMenderDevice);
  const own = await startMenderFleet(createMenderDevice);
  killed = { fleet: own, end: goesOnAfterAKill(own) };
  // Its test says so.
  killed.end.catch(() => undefined);
});
afterEach(() => fleet.stopDevices());
afterAll(async () => {
  await killed?.fleet.stopDevices();
  await killed?.fleet.close();
  await fleet?.close();
});

test("mender-client: a device joins, is updated and runs the release that it reports", async () => {
  const device = fleet.createDevice("A-1", await fleet.createProduct("joins"));
  await fleet.release("joins", "2.0", device, "mode=fast\n");
  await device.start();
  expect(await fleet.until("the device's first report", "joins", isReported)).toMatchObject({
    state: "accepted",
    hardwareType: "gw2-rev-b",
    running: { artifactName: "1.0" },
    trustLevel: { level: "server-trusted" },
  });

  const deployed = await fleet.deploy("joins", "2.0", WATCHED);
  expect(deployed, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });

  expect(device.read("app.conf")).toBe("mode=fast\n");
  const after = await fleet.until(
    "the release",
    "joins",
    (it) => it.running?.artifactName === "2.0",
  );
  expect(after.update).toBeNull();
  expect(await fleet.moult.ok(words`device list --product joins --attribute os=Debian`)).toContain(
    "A-1",
  );
  await device.stop();
  expect(device.showProvides()).toContain("artifact_name=2.0");
});

test("mender-client: a device waits until it is accepted, and one that is rejected gets nothing", async () => {
  const token = await fleet.createProduct("waits", { accepts: false });
  const device = fleet.createDevice("B-1", token);
  await device.start();
  const pending = await fleet.until(
    "a device that waits",
    "waits",
    ({ state }) => state === "pending",
  );
  expect(pending.running).toBeNull();

  await fleet.moult.ok(words`device accept ${pending.id} --yes`);
  device.checkUpdate();
  await fleet.until("its first report", "waits", isReported);

  await fleet.release("waits", "2.0", device, "never");
  await fleet.moult.ok(words`device reject ${pending.id} --yes`);
  const before = device.log().length;
  await fleet.deploy("waits", "2.0");
  device.checkUpdate();
  await waitFor(
    "a refusal",
    () => /An operator rejected this device/.exec(device.log().slice(before)) ?? undefined,
    LONG_MS,
  );
  expect(device.read("app.conf")).toBeUndefined();
});

test("mender-client: a device whose key was preauthorised is accepted without a token", async () => {
  await fleet.createProduct("factory");
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 3072,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  writeFileSync(join(fleet.folder, "factory.pub.pem"), publicKey);
  await fleet.moult.ok(
    words`device preauthorise --product factory --public-key factory.pub.pem --identity serial=C-1`,
  );
  const device = fleet.createDevice("C-1", "", { privateKey });
  await device.start();
  expect(await fleet.until("its first report", "factory", isReported)).toMatchObject({
    state: "accepted",
  });
});

test("mender-client: an update that fails before its commit is rolled back, and its log arrives", () =>
  failsBeforeItsCommit(fleet));

test("mender-client: a device gives up an update that was aborted before its installation", () =>
  givesUpWhatWasAborted(fleet));

test("mender-client: a device keeps what it downloaded until a person has opened the installation", async () => {
  const device = fleet.createDevice("H-1", await fleet.createProduct("keeps"));
  await fleet.release("keeps", "2.0", device, "opened\n");
  await device.start();
  await fleet.until("its first report", "keeps", isReported);
  await fleet.deploy("keeps", "2.0", words`--mode download-only`);
  await waitFor(
    "a device that pauses",
    () => /Pausing before entering update-install state/.exec(device.log()) ?? undefined,
    LONG_MS,
  );
  const { id } = await fleet.until("its update", "keeps", ({ update }) => update !== null);
  expect(await fleet.moult.ok(words`device why ${id}`)).toContain(
    "has not let it be installed yet",
  );
  expect(device.read("app.conf")).toBeUndefined();

  await fleet.moult.ok(words`deployment open-installation keeps-2.0 --yes`);
  const watched = await fleet.moult.run([...words`deployment watch keeps-2.0`, ...TIMEOUT]);
  expect(watched, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  expect(device.read("app.conf")).toBe("opened\n");
});

test("mender-client: a device whose key was replaced waits with the new one until that is accepted", async () => {
  const token = await fleet.createProduct("rekeyed");
  const device = fleet.createDevice("I-1", token);
  await device.start();
  const { id } = await fleet.until("its first report", "rekeyed", isReported);
  await device.stop();

  device.forgetKey();
  const before = device.log().length;
  await device.start();
  await waitFor(
    "a refusal",
    () => /An operator has to accept/.exec(device.log().slice(before)) ?? undefined,
    LONG_MS,
  );
  await fleet.moult.ok(words`device accept ${id} --yes`);
  const accepted = device.log().length;
  device.checkUpdate();
  await waitFor(
    "its next question",
    () => /No update available/.exec(device.log().slice(accepted)) ?? undefined,
    LONG_MS,
  );
});

test("mender-client: a device that verifies signatures takes what is signed and refuses what is not", () =>
  verifiesSignatures(fleet));

test(
  "mender-client: a download goes on after the server was killed in the middle of it",
  () => killed?.end,
  400_000,
);
