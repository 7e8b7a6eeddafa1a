import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { words } from "../../tools/local/moult-command.ts";
import { startCuttingProxy } from "../system/cutting-proxy.fixture.ts";
import { isReported, LONG_MS, WATCHED, type MenderFleet } from "./mender-fleet.fixture.ts";

// What every client of Mender's goes through, each with a fleet of its own.

export async function failsBeforeItsCommit(fleet: MenderFleet): Promise<void> {
  const { moult, until, release, deploy, outcomes } = fleet;
  const device = fleet.createDevice("D-1", await fleet.createProduct("fails"));
  const script = join(fleet.folder, "ArtifactCommit_Enter_00_refuses");
  writeFileSync(script, "#!/bin/sh\necho 'the health check says no' >&2\nexit 1\n", {
    mode: 0o755,
  });
  await release("fails", "2.0", device, "good\n");
  await release("fails", "3.0", device, "bad\n", ["--script", script]);
  await device.start();
  await until("its first report", "fails", isReported);
  expect(await deploy("fails", "2.0", WATCHED)).toMatchObject({ exitCode: 0 });

  const bad = await deploy("fails", "3.0", [...WATCHED, "--error-stop", "1"]);
  expect(bad.exitCode).not.toBe(0);
  expect(await outcomes("fails", "3.0")).toContain("rolled-back");
  expect(device.read("app.conf")).toBe("good\n");
  const logs = await waitFor(
    "the log",
    async () => {
      const text = await moult.ok(words`deployment logs fails-3.0`);
      return text.includes("ArtifactCommit_Enter_00_refuses") ? text : undefined;
    },
    LONG_MS,
    1_000,
  );
  expect(logs).toContain("error");
  expect(await until("the old release", "fails", isReported)).toMatchObject({
    running: { artifactName: "2.0" },
  });
}

export async function givesUpWhatWasAborted(fleet: MenderFleet): Promise<void> {
  const { folder, moult, until } = fleet;
  const device = fleet.createDevice("E-1", await fleet.createProduct("aborts"), {
    rootfsScripts: {
      Download_Leave_00_waits: `while [ ! -e ${join(folder, "E-1", "go")} ]; do sleep 0.2; done`,
    },
  });
  await fleet.release("aborts", "2.0", device, "never\n");
  await device.start();
  await until("its first report", "aborts", isReported);
  await fleet.deploy("aborts", "2.0");
  await until("a download", "aborts", ({ update }) => update?.state === "downloading");

  await moult.ok(words`deployment abort aborts-2.0 --yes`);
  writeFileSync(join(folder, "E-1", "go"), "");
  await waitFor("its end", () => /409|aborted/i.exec(device.log()) ?? undefined, LONG_MS);
  await until("a device that is in no update", "aborts", ({ update }) => update === null);
  expect(device.read("app.conf")).toBeUndefined();
  expect(await fleet.outcomes("aborts", "2.0")).toContain("aborted");
}

export async function verifiesSignatures(fleet: MenderFleet): Promise<void> {
  const { release, deploy } = fleet;
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  const signKey = join(fleet.folder, "release.pem");
  writeFileSync(signKey, privateKey, { mode: 0o600 });
  const token = await fleet.createProduct("signs");
  const device = fleet.createDevice("F-1", token, { artifactVerifyKey: publicKey });
  await release("signs", "2.0", device, "signed\n", ["--sign-key", signKey]);
  await release("signs", "3.0", device, "unsigned\n");
  await device.start();
  await fleet.until("its first report", "signs", isReported);
  const signed = await deploy("signs", "2.0", WATCHED);
  expect(signed, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  const unsigned = await deploy("signs", "3.0", [...WATCHED, "--error-stop", "1"]);
  expect(unsigned.exitCode).not.toBe(0);
  expect(await fleet.outcomes("signs", "3.0")).toContain("failed");
  expect(device.read("app.conf")).toBe("signed\n");
}

/** The test takes longer than the client's pause before it tries again, which may be a minute. */
export async function goesOnAfterAKill(fleet: MenderFleet): Promise<void> {
  const proxy = await startCuttingProxy(fleet.port);
  const device = fleet.createDevice("G-1", await fleet.createProduct("killed"), {
    serverUrl: `https://localhost:${proxy.port}`,
  });
  const content = randomBytes(30_000_000);
  await fleet.release("killed", "2.0", device, content, ["--compression", "none"]);
  await device.start();
  await fleet.until("its first report", "killed", isReported);
  proxy.cutAfter("to-client", 10_000_000);
  await fleet.deploy("killed", "2.0");
  await waitFor("a cut", () => (proxy.cuts() > 0 ? true : undefined), LONG_MS, 20);
  await fleet.killServer();

  const watched = await fleet.moult.run(words`deployment watch killed-2.0 --timeout 4m`);
  expect(watched, device.log().slice(-3_000)).toMatchObject({ exitCode: 0 });
  expect(device.log()).toMatch(/[Rr]esum/);
  expect(device.readBytes("app.conf")?.equals(content)).toBe(true);
  await device.stop();
  await proxy.close();
}
