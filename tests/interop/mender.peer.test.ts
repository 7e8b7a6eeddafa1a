import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { words } from "../../tools/local/moult-command.ts";
import {
  failsBeforeItsCommit,
  givesUpWhatWasAborted,
  goesOnAfterAKill,
  verifiesSignatures,
} from "./mender-cases.fixture.ts";
import { createMenderCppDevice } from "./mender-cpp.fixture.ts";
import {
  isReported,
  LONG_MS,
  startMenderFleet,
  TIMEOUT,
  WATCHED,
  type MenderFleet,
} from "./mender-fleet.fixture.ts";

// Mender's client in C++, built from its source. No package of Debian 12 has it, so these run where somebody built it:
// `MENDER_CPP=<folder with mender-auth and mender-update> npm run interop`.

let fleet: MenderFleet;
beforeAll(async () => {
  fleet = await startMenderFleet(createMenderCppDevice);
});
afterEach(() => fleet.stopDevices());
afterAll(() => fleet?.close());

test("mender: a device joins with an Ed25519 key, waits until it is accepted, and runs the release that it reports", async () => {
  const { moult, until } = fleet;
  const device = fleet.createDevice("A-1", await fleet.createProduct("joins", { accepts: false }));
  await fleet.release("joins", "2.0", device, "mode=fast\n");
  await device.start();
  const { id } = await until("a device that waits", "joins", ({ state }) => state === "pending");
  await moult.ok(words`device accept ${id} --yes`);
  expect(await until("its first report", "joins", isReported)).toMatchObject({
    hardwareType: "gw2-rev-b",
    trustLevel: { level: "server-trusted" },
  });

  const deployed = await fleet.deploy("joins", "2.0", WATCHED);
  expect(deployed, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  expect(device.read("app.conf")).toBe("mode=fast\n");
  await until("the release", "joins", ({ running }) => running?.artifactName === "2.0");
  expect(await moult.ok(words`device list --product joins --attribute os=Debian`)).toContain("A-1");

  await moult.ok(words`device reject ${id} --yes`);
  await waitFor(
    "a refusal",
    () => /An operator rejected this device/.exec(device.log()) ?? undefined,
    LONG_MS,
  );
});

test("mender: an update that fails before its commit is rolled back, and its log arrives", () =>
  failsBeforeItsCommit(fleet));

test("mender: a device gives up an update that was aborted before its installation", () =>
  givesUpWhatWasAborted(fleet));

test("mender: a release that is to be downloaded only comes once a person has opened its installation", async () => {
  const { moult } = fleet;
  const device = fleet.createDevice("H-1", await fleet.createProduct("keeps"));
  await fleet.release("keeps", "2.0", device, "opened\n");
  await device.start();
  const { id } = await fleet.until("its first report", "keeps", isReported);
  await fleet.deploy("keeps", "2.0", words`--mode download-only`);
  expect(await moult.ok(words`device why ${id}`)).toContain("once the installation is open");

  await moult.ok(words`deployment open-installation keeps-2.0 --yes`);
  const watched = await moult.run([...words`deployment watch keeps-2.0`, ...TIMEOUT]);
  expect(watched, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  expect(device.read("app.conf")).toBe("opened\n");
});

test("mender: a device that verifies signatures takes what is signed and refuses what is not", () =>
  verifiesSignatures(fleet));

test(
  "mender: a download goes on after the server was killed in the middle of it",
  () => goesOnAfterAKill(fleet),
  400_000,
);
