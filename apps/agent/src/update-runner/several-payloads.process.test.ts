import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  PATIENT,
  aDevice,
  appArtifact,
  appPayload,
  buildArtifact,
  linesOf,
  offerOf,
  type ArtifactParts,
  type BuiltArtifact,
  type TestDevice,
} from "./device.fixture.ts";

// One artifact with a configuration file, a firmware and a driver: a real file, and two update modules that say what they
// are asked. A release is all of them or none.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;

beforeEach(async () => {
  device = await aDevice();
  for (const type of ["firmware", "driver"])
    await device.writeModule(
      type,
      `echo "${type} $1" >> "${device.root}/calls"
       [ -e "${device.root}/hang-${type}-$1" ] && sleep 60
       [ -e "${device.root}/fail-${type}-$1" ] && exit 1
       case "$1" in
         Download*)
           while line="$(cat stream-next)"; [ -n "$line" ]; do cat "$(echo $line | cut -d' ' -f1)" > tmp/content; done ;;
         SupportsRollback) cat "${device.root}/rollback-${type}" 2>/dev/null || echo Yes ;;
         NeedsArtifactReboot) cat "${device.root}/reboot-${type}" 2>/dev/null || echo No ;;
         ArtifactInstall) cat tmp/content >> "${device.root}/installed" ;;
         ArtifactRollback) [ -e "${device.root}/installed" ] && sed -i "/$(cat tmp/content)/d" "${device.root}/installed" ;;
       esac
       exit 0`,
    );
  await mkdir(join(device.root, "etc"));
  await set("etc/conf", "old");
});
afterEach(async () => {
  await device.close();
});

const set = (name: string, content = ""): Promise<void> =>
  writeFile(join(device.root, name), content);
const calls = (): Promise<readonly string[]> => linesOf(join(device.root, "calls"));
const installed = (): Promise<readonly string[]> => linesOf(join(device.root, "installed"));
const configuration = (): Promise<string> => readFile(join(device.root, "etc", "conf"), "utf8");

const release = (parts: Partial<ArtifactParts> = {}): Promise<BuiltArtifact> =>
  buildArtifact({
    name: "machine-2",
    type: "single-file",
    files: { dest_dir: "/etc\n", filename: "conf\n", permissions: "644\n", conf: "new" },
    provides: { "rootfs-image.config.version": "2" },
    more: [
      {
        type: "firmware",
        files: { image: "firmware-2\n" },
        provides: { "rootfs-image.firmware.version": "2" },
      },
      { type: "driver", files: { module: "driver-2\n" } },
    ],
    ...parts,
  });

async function begin(artifact: BuiltArtifact): Promise<void> {
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  await device.runner.offer(offerOf(artifact));
}

/** Everything runs as before and nothing of the attempt is left. */
async function expectOld(): Promise<void> {
  expect(await configuration()).toBe("old");
  expect(await installed()).toEqual([]);
  expect(device.runner.running().artifactName).toBe("factory-1");
  expect(await readdir(join(device.paths.dataDir, "modules", "v3"))).toEqual([]);
}

test("all payloads go through each step together, in the artifact's order", async () => {
  const report = await device.update(await release());

  expect(report).toMatchObject({ outcome: "succeeded" });
  expect(await calls()).toEqual([
    "firmware ProvidePayloadFileSizes",
    "firmware Download",
    "driver ProvidePayloadFileSizes",
    "driver Download",
    "firmware SupportsRollback",
    "driver SupportsRollback",
    "firmware ArtifactInstall",
    "driver ArtifactInstall",
    "firmware NeedsArtifactReboot",
    "driver NeedsArtifactReboot",
    "firmware ArtifactCommit",
    "driver ArtifactCommit",
    "firmware Cleanup",
    "driver Cleanup",
  ]);
  expect(await configuration()).toBe("new");
  expect(await installed()).toEqual(["firmware-2", "driver-2"]);
  expect(device.runner.running()).toMatchObject({
    artifactName: "machine-2",
    provides: { "rootfs-image.config.version": "2", "rootfs-image.firmware.version": "2" },
  });
  expect(await readdir(join(device.paths.dataDir, "modules", "v3"))).toEqual([]);
});

describe("when the second of three fails", () => {
  test("in its download, nothing was installed", async () => {
    await set("fail-firmware-Download");
    const report = await device.update(await release());

    expect(report).toMatchObject({ outcome: "failed", code: "install-failed" });
    // What was never begun has nothing to clean up.
    expect((await calls()).slice(-2)).toEqual(["firmware Download", "firmware Cleanup"]);
    await expectOld();
  });

  test.each([
    ["ArtifactInstall", "install-failed"],
    ["ArtifactCommit", "commit-failed"],
  ])("in %s, all are taken back, the last one first", async (state, code) => {
    await set(`fail-firmware-${state}`);
    const report = await device.update(await release());

    expect(report).toMatchObject({ outcome: "rolled-back", code });
    expect((await calls()).filter((call) => call.includes("ArtifactRollback"))).toEqual([
      "driver ArtifactRollback",
      "firmware ArtifactRollback",
    ]);
    await expectOld();
  });

  test.each([
    ["ArtifactReboot", "activation-failed"],
    ["ArtifactVerifyReboot", "verification-failed"],
  ])("in %s, all are taken back, with its reboot", async (state, code) => {
    await set("reboot-firmware", "Yes");
    await set(`fail-firmware-${state}`);
    const report = await device.update(await release());

    expect(report).toMatchObject({ outcome: "rolled-back", code });
    expect((await calls()).filter((call) => /Rollback/.test(call)).slice(2)).toEqual([
      "driver ArtifactRollback",
      "firmware ArtifactRollback",
      "firmware ArtifactRollbackReboot",
      "firmware ArtifactVerifyRollbackReboot",
    ]);
    await expectOld();
  });

  test("for want of health, the file and the old application are back", async () => {
    await device.update(await appArtifact("1"));
    const parts = {
      more: [await appPayload("2", "ill"), { type: "driver", files: { m: "d-2\n" } }],
    };
    const report = await device.update(await release(parts));

    expect(report).toMatchObject({ outcome: "rolled-back", code: "health-check-failed" });
    await expect.poll(() => device.ask(), PATIENT).toBe("1");
    expect(await configuration()).toBe("old");
    expect(await installed()).toEqual([]);
    expect(device.runner.running().artifactName).toBe("demo-1");
  });

  test("and so does its way back, the others are taken back all the same", async () => {
    await set("fail-firmware-ArtifactInstall");
    await set("fail-firmware-ArtifactRollback");
    const report = await device.update(await release());

    expect(report).toMatchObject({
      outcome: "failed",
      code: "install-failed",
      detail: expect.stringContaining("then the rollback failed"),
    });
    expect(await configuration()).toBe("old");
    expect(device.runner.running().artifactName).toBe("machine-2_INCONSISTENT");
  });

  test("and one of the three has no way back, none is taken back", async () => {
    await set("rollback-driver", "No");
    await set("fail-firmware-ArtifactInstall");
    const report = await device.update(await release());

    expect(report).toMatchObject({ outcome: "failed", code: "install-failed" });
    expect((await calls()).filter((call) => call.includes("ArtifactRollback"))).toEqual([]);
    expect((await calls()).slice(-4)).toEqual([
      "driver ArtifactFailure",
      "firmware ArtifactFailure",
      "firmware Cleanup",
      "driver Cleanup",
    ]);
    expect(device.runner.running().artifactName).toBe("machine-2_INCONSISTENT");
  });
});

test("power that is lost while the second installs takes back all, also what was not begun", async () => {
  await set("hang-firmware-ArtifactInstall");
  await begin(await release());
  await expect.poll(calls, PATIENT).toContain("firmware ArtifactInstall");
  expect(await configuration()).toBe("new");

  await device.restart(2);
  await device.runner.idle();

  expect(device.finished()).toMatchObject({ outcome: "rolled-back", code: "power-lost" });
  expect(await calls()).not.toContain("driver ArtifactInstall");
  await expectOld();
});

test("the machine reboots when one payload needs it; reboot states are called of those that asked", async () => {
  await set("reboot-firmware", "Automatic");
  await set("reboot-driver", "Yes");
  await begin(await release());
  await expect.poll(() => device.reboots, PATIENT).toEqual([1]);
  await device.restart(2);
  await device.runner.idle();

  expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  expect((await calls()).filter((call) => call.includes("Reboot")).slice(2)).toEqual([
    "driver ArtifactReboot",
    "firmware ArtifactVerifyReboot",
    "driver ArtifactVerifyReboot",
  ]);
});

describe("an application beside a driver that needs a reboot", () => {
  test("is put to work as well when the reboot that was put off came by itself", async () => {
    await set("reboot-driver", "Automatic");
    // Nothing holds it until it is installed.
    await device.writeContextScript(
      "circumstances",
      `grep -qs "driver ArtifactInstall" "${device.root}/calls" && echo driving=yes; exit 0`,
    );
    await begin(await both("2"));
    await expect.poll(() => device.runner.state().kind, PATIENT).toBe("waiting-to-reboot");

    await device.restart(2);
    await device.runner.idle();
    expect(device.reboots).toEqual([]);
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
    await expect.poll(() => device.ask(), PATIENT).toBe("2");
  });

  const both = async (version: string): Promise<BuiltArtifact> =>
    appArtifact(version, "well", { more: [{ type: "driver", files: { m: "d-2\n" } }] });

  test("is put to work before the driver reboots what it must", async () => {
    await set("reboot-driver", "Yes");
    expect(await device.update(await both("2"))).toMatchObject({ outcome: "succeeded" });
    expect(await device.ask()).toBe("2");
  });

  test("is put to work before a person reboots the machine, who decides after it", async () => {
    await set("reboot-driver", "Automatic");
    const file = join(device.root, "demo-2.mender");
    await writeFile(file, (await both("2")).bytes);
    const options = { isUnsignedAllowed: true };
    expect(await device.runner.installFile(file, options)).toMatchObject({ rebootNeeded: true });
    await device.restart(2);

    expect(await device.runner.commit()).toMatchObject({ kind: "finished" });
    await expect.poll(() => device.ask(), PATIENT).toBe("2");
  });
});

test("a payload that this device cannot install refuses them all, before anything is unpacked", async () => {
  const report = await device.update(await release({ more: [{ type: "teleport" }] }));

  expect(report).toMatchObject({
    outcome: "rejected",
    code: "payload-type-unsupported",
    detail: expect.stringContaining("teleport"),
  });
  expect(await configuration()).toBe("old");
});

test("an empty payload among others changes what the device provides, and nothing else", async () => {
  const report = await device.update(
    await release({
      more: [
        { type: null, provides: { site: "lisbon" } },
        { type: "driver", files: { module: "driver-2\n" } },
      ],
    }),
  );

  expect(report).toMatchObject({ outcome: "succeeded" });
  expect(await installed()).toEqual(["driver-2"]);
  expect(device.runner.running().provides).toMatchObject({ site: "lisbon" });
});

test("two payloads of one type are installed by the same module, each in a tree of its own", async () => {
  const report = await device.update(
    await release({
      more: [
        { type: "driver", files: { module: "driver-2\n" } },
        { type: "driver", files: { module: "driver-3\n" } },
      ],
    }),
  );

  expect(report).toMatchObject({ outcome: "succeeded" });
  expect(await installed()).toEqual(["driver-2", "driver-3"]);
});
