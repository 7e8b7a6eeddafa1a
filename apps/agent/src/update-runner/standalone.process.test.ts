import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  PATIENT,
  aDevice,
  appArtifact,
  buildArtifact,
  linesOf,
  offerOf,
  type TestDevice,
} from "./device.fixture.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;

beforeEach(async () => {
  device = await aDevice();
});

afterEach(async () => {
  await device.close();
});

async function aFile(): Promise<string> {
  const file = join(device.root, "usb.mender");
  const files = { dest_dir: "/opt\n", filename: "conf\n", conf: "new" };
  const artifact = await buildArtifact({ name: "conf-2", type: "single-file", files });
  await writeFile(file, artifact.bytes);
  return file;
}

const installed = (): Promise<string> =>
  readFile(join(device.root, "opt/conf"), "utf8").catch(() => "nothing");

test("a file is installed without a server and waits for a person, also over a restart", async () => {
  const file = await aFile();
  expect(await device.runner.installFile(file)).toEqual({
    kind: "awaiting-decision",
    rebootNeeded: false,
    artifactName: "conf-2",
    expiredRole: null,
  });
  expect(await installed()).toBe("new");
  expect(device.runner.running().artifactName).toBe("factory-1");

  await device.restart(2);
  expect(device.runner.state().kind).toBe("awaiting-decision");
  expect(await device.runner.commit()).toMatchObject({
    kind: "finished",
    finished: { outcome: "succeeded", running: { artifactName: "conf-2" } },
  });
  expect(device.server.reports).toEqual([]);
  expect((await readFile(file)).length).toBeGreaterThan(0);
});

test("a person can take it back", async () => {
  await device.runner.installFile(await aFile());
  expect(await device.runner.rollBack()).toMatchObject({
    kind: "finished",
    finished: {
      outcome: "rolled-back",
      verdict: { failure: { code: "rolled-back-by-person" } },
      running: { artifactName: "factory-1" },
    },
  });
  expect(await installed()).toBe("nothing");
});

test("without anything to decide commit and rollback say so", async () => {
  expect(await device.runner.commit()).toEqual({ kind: "nothing-to-decide" });
  expect(await device.runner.rollBack()).toEqual({ kind: "nothing-to-decide" });
});

test("what cannot be rolled back is committed at once, and a module's reboot is left to the person", async () => {
  await device.writeModule(
    "once",
    `echo "$1" >> "${device.root}/calls"
     [ "$1" = NeedsArtifactReboot ] && echo Automatic; exit 0`,
  );
  const artifact = await buildArtifact({ name: "once-1", type: "once", files: { x: "y" } });
  const file = join(device.root, "once.mender");
  await writeFile(file, artifact.bytes);

  expect(await device.runner.installFile(file)).toMatchObject({
    kind: "finished",
    finished: { outcome: "succeeded" },
  });
  expect(device.reboots).toEqual([]);
  expect(await linesOf(join(device.root, "calls"))).toEqual([
    "ProvidePayloadFileSizes",
    "Download",
    "SupportsRollback",
    "ArtifactInstall",
    "NeedsArtifactReboot",
    "ArtifactCommit",
    "Cleanup",
  ]);
});

test("while one waits for its decision no offer of the server is taken", async () => {
  await device.runner.installFile(await aFile());
  await expect(device.runner.offer(offerOf(await appArtifact("1.0")))).resolves.toBe(false);
  expect(await device.runner.installFile(await aFile())).toEqual({ kind: "busy" });
});

test("an application waits running, is started again with the agent, and can be taken back", async () => {
  await device.update(await appArtifact("1.0"));
  const file = join(device.root, "app.mender");
  await writeFile(file, (await appArtifact("2.0")).bytes);
  expect(await device.runner.installFile(file)).toMatchObject({ kind: "awaiting-decision" });
  expect(await device.ask()).toBe("2.0");

  await device.restart();
  await expect.poll(() => device.ask(), PATIENT).toBe("2.0");
  await device.runner.rollBack();
  expect(await device.ask()).toBe("1.0");
});

test("a file that is not there, or is no artifact, fails and says why", async () => {
  expect(await device.runner.installFile(join(device.root, "missing.mender"))).toMatchObject({
    kind: "finished",
    finished: {
      outcome: "failed",
      verdict: { failure: { detail: expect.stringMatching(/no such file/) } },
    },
  });
  const file = join(device.root, "junk.mender");
  await writeFile(file, "junk");
  expect(await device.runner.installFile(file)).toMatchObject({
    finished: { outcome: "rejected", verdict: { failure: { code: "artifact-invalid" } } },
  });
});
