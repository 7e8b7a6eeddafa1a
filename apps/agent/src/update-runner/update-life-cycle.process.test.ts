import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  PATIENT,
  aDevice,
  appArtifact,
  buildArtifact,
  linesOf,
  offerOf,
  type ArtifactParts,
  type DeviceOptions,
  type TestDevice,
} from "./device.fixture.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;

const start = async (options?: DeviceOptions): Promise<void> => {
  device = await aDevice(options);
  await device.writeModule(
    "recorder",
    `echo "$1" >> "${device.root}/calls"
     [ -e "${device.root}/fail-$1" ] && exit 1
     case "$1" in
       SupportsRollback) cat "${device.root}/supports-rollback" 2>/dev/null || echo Yes ;;
       NeedsArtifactReboot) cat "${device.root}/needs-reboot" 2>/dev/null || echo No ;;
     esac
     exit 0`,
  );
};

afterEach(async () => {
  await device.close();
});

const set = (name: string, content = ""): Promise<void> =>
  writeFile(join(device.root, name), content);
const calls = (): Promise<readonly string[]> => linesOf(join(device.root, "calls"));

/** Scripts that say in `calls` that they ran. */
function scripts(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => [name, `echo "${name}" >> "${device.root}/calls"`]),
  );
}

const recorder = (parts: Partial<ArtifactParts> = {}) =>
  buildArtifact({ name: "new-2", type: "recorder", files: { payload: "data" }, ...parts });

const EVERY_SCRIPT = [
  "ArtifactInstall",
  "ArtifactReboot",
  "ArtifactCommit",
  "ArtifactRollback",
  "ArtifactRollbackReboot",
  "ArtifactFailure",
].flatMap((state) => ["Enter", "Leave", "Error"].map((action) => `${state}_${action}_00`));

describe("an update by an update module", () => {
  test("without a reboot calls states and scripts in Mender's order", async () => {
    await start();
    for (const name of ["Sync_Enter_00", "Download_Enter_00", "Download_Leave_00", "Idle_Leave_00"])
      await device.writeRootfsScript(name, `echo ${name} >> "${device.root}/calls"`);
    const report = await device.update(await recorder({ scripts: scripts(...EVERY_SCRIPT) }));

    expect(report).toMatchObject({ outcome: "succeeded" });
    expect(await calls()).toEqual([
      "Idle_Leave_00",
      "Download_Enter_00",
      "ProvidePayloadFileSizes",
      "Download",
      "SupportsRollback",
      "Download_Leave_00",
      "ArtifactInstall_Enter_00",
      "ArtifactInstall",
      "ArtifactInstall_Leave_00",
      "NeedsArtifactReboot",
      "ArtifactCommit_Enter_00",
      "ArtifactCommit",
      "ArtifactCommit_Leave_00",
      "Cleanup",
    ]);
  });

  test("with an automatic reboot goes on after it, and verifies", async () => {
    await start();
    await set("needs-reboot", "Automatic");
    const artifact = await recorder({ scripts: scripts(...EVERY_SCRIPT) });
    device.server.artifacts.set(artifact.sha256, artifact.bytes);
    await device.runner.offer(offerOf(artifact));
    await expect.poll(() => device.reboots, PATIENT).toEqual([1]);
    await device.restart(2);
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
    expect((await calls()).slice(6)).toEqual([
      "NeedsArtifactReboot",
      "ArtifactReboot_Enter_00",
      "ArtifactVerifyReboot",
      "ArtifactReboot_Leave_00",
      "ArtifactCommit_Enter_00",
      "ArtifactCommit",
      "ArtifactCommit_Leave_00",
      "Cleanup",
    ]);
  });

  test("that reboots by itself is asked to, and may come back without a reboot", async () => {
    await start();
    await set("needs-reboot", "Yes");
    const report = await device.update(await recorder());

    expect(report).toMatchObject({ outcome: "succeeded" });
    expect(device.reboots).toEqual([]);
    expect((await calls()).slice(-5)).toEqual([
      "NeedsArtifactReboot",
      "ArtifactReboot",
      "ArtifactVerifyReboot",
      "ArtifactCommit",
      "Cleanup",
    ]);
  });

  test("that fails after the reboot is rolled back with a reboot, and that is verified", async () => {
    await start();
    await set("needs-reboot", "Automatic");
    await set("fail-ArtifactVerifyReboot");
    const artifact = await recorder({ scripts: scripts(...EVERY_SCRIPT) });
    device.server.artifacts.set(artifact.sha256, artifact.bytes);
    await device.runner.offer(offerOf(artifact));
    await expect.poll(() => device.reboots, PATIENT).toEqual([1]);
    await device.restart(2);
    await expect.poll(() => device.reboots, PATIENT).toEqual([1, 2]);
    await device.restart(3);
    await device.runner.idle();

    expect(device.finished()).toMatchObject({
      outcome: "rolled-back",
      code: "verification-failed",
    });
    expect((await calls()).slice(7)).toEqual([
      "ArtifactReboot_Enter_00",
      "ArtifactVerifyReboot",
      "ArtifactReboot_Error_00",
      "ArtifactRollback_Enter_00",
      "ArtifactRollback",
      "ArtifactRollback_Leave_00",
      "ArtifactRollbackReboot_Enter_00",
      "ArtifactVerifyRollbackReboot",
      "ArtifactRollbackReboot_Leave_00",
      "ArtifactFailure_Enter_00",
      "ArtifactFailure",
      "ArtifactFailure_Leave_00",
      "Cleanup",
    ]);
  });

  test("that fails to commit is rolled back; what runs keeps its name", async () => {
    await start();
    await set("fail-ArtifactCommit");
    const report = await device.update(await recorder({ provides: { "app.version": "2" } }));

    expect(report).toMatchObject({ outcome: "rolled-back", code: "commit-failed" });
    expect(device.runner.running()).toEqual({
      artifactName: "factory-1",
      provides: { artifact_name: "factory-1" },
    });
  });

  test("that cannot roll back leaves an inconsistent device, and says so in the name", async () => {
    await start();
    await set("supports-rollback", "No");
    await set("fail-ArtifactInstall");
    const report = await device.update(await recorder());

    expect(report).toMatchObject({ outcome: "failed", code: "install-failed" });
    expect(device.runner.running().artifactName).toBe("new-2_INCONSISTENT");
    expect((await calls()).slice(-3)).toEqual(["ArtifactInstall", "ArtifactFailure", "Cleanup"]);
  });

  test("whose rollback fails names the first failure and the second", async () => {
    await start();
    await set("fail-ArtifactInstall");
    await set("fail-ArtifactRollback");
    const report = await device.update(await recorder());

    expect(report).toMatchObject({
      outcome: "failed",
      code: "install-failed",
      detail: expect.stringMatching(/ArtifactInstall .* then the rollback failed: rollback-failed/),
    });
    expect(device.runner.running().artifactName).toBe("new-2_INCONSISTENT");
  });

  test("finds in its file tree who it is, what runs, and the header as it was", async () => {
    await start();
    await device.writeModule(
      "reader",
      `[ "$1" = ArtifactInstall ] || exit 0
       mkdir -p "${device.root}/seen/header"
       cp version current_* "${device.root}/seen/"; cp header/* "${device.root}/seen/header/"
       ls files > "${device.root}/seen/files"`,
    );
    await device.update(await recorder({ type: "reader", metaData: { deep: { er: [1, "2"] } } }));

    const seen = (name: string) => readFile(join(device.root, "seen", name), "utf8");
    expect(await seen("version")).toBe("3\n");
    expect(await seen("current_artifact_name")).toBe("factory-1\n");
    expect(await seen("current_artifact_group")).toBe("");
    expect(await seen("current_device_type")).toBe("gw2\n");
    expect(await seen("header/artifact_name")).toBe("new-2");
    expect(await seen("header/payload_type")).toBe("reader");
    expect(JSON.parse(await seen("header/header-info"))).toMatchObject({
      payloads: [{ type: "reader" }],
    });
    expect(JSON.parse(await seen("header/meta-data"))).toEqual({ deep: { er: [1, "2"] } });
    expect(await seen("files")).toBe("payload\n");
  });
});

describe("state scripts", () => {
  test("of the artifact can stop the installation, which is then rolled back", async () => {
    await start();
    const failing = { ArtifactInstall_Enter_10_check: "echo no battery >&2; exit 1" };
    const report = await device.update(
      await recorder({ scripts: { ...failing, ...scripts("ArtifactInstall_Error_00") } }),
    );

    expect(report).toMatchObject({
      outcome: "rolled-back",
      code: "script-failed",
      detail: "state script ArtifactInstall_Enter_10_check ended with exit code 1",
    });
    expect(await calls()).toContain("ArtifactInstall_Error_00");
    expect(await calls()).not.toContain("ArtifactInstall");
    const [logFile] = await readdir(join(device.paths.dataDir, "logs"));
    const log = await readFile(join(device.paths.dataDir, "logs", logFile ?? ""), "utf8");
    expect(log).toContain("no battery");
  });

  test("are run again later when they ask for it, and not for ever", async () => {
    await start();
    const patient = `[ -e "${device.root}/ready" ] && exit 0; touch "${device.root}/ready"; exit 21`;
    const first = await device.update(
      await recorder({ scripts: { ArtifactInstall_Enter_00: patient } }),
    );
    expect(first).toMatchObject({ outcome: "succeeded" });

    const second = await device.update(
      await recorder({ scripts: { ArtifactInstall_Enter_00: "exit 21" } }),
    );
    expect(second).toMatchObject({ outcome: "rolled-back", code: "script-timed-out" });
  });

  test("after the commit cannot undo it: the update failed and the name says inconsistent", async () => {
    await start();
    const report = await device.update(
      await recorder({ scripts: { ArtifactCommit_Leave_00: "exit 1" } }),
    );

    expect(report).toMatchObject({ outcome: "failed", code: "commit-leave-failed" });
    expect(device.runner.running().artifactName).toBe("new-2_INCONSISTENT");
    expect(await calls()).not.toContain("ArtifactRollback");
  });

  test("of the rollback are run, and their errors change nothing", async () => {
    await start();
    await set("fail-ArtifactInstall");
    const report = await device.update(
      await recorder({
        scripts: {
          ArtifactRollback_Enter_00: "exit 1",
          ...scripts("ArtifactRollback_Enter_01", "ArtifactRollback_Leave_00"),
        },
      }),
    );

    expect(report).toMatchObject({ outcome: "rolled-back" });
    expect(await calls()).toEqual(
      expect.arrayContaining(["ArtifactRollback_Enter_01", "ArtifactRollback_Leave_00"]),
    );
  });

  test("around a check-in run in Mender's order, and Sync_Enter can refuse it", async () => {
    await start();
    for (const name of ["Idle_Enter_00", "Idle_Leave_00", "Sync_Enter_00", "Sync_Leave_00"])
      await device.writeRootfsScript(name, `echo ${name} >> "${device.root}/calls"`);
    await device.writeRootfsScript("Sync_Error_00", `echo Sync_Error_00 >> "${device.root}/calls"`);
    const never = new AbortController().signal;

    const first = await device.runner.aroundCheckIn(() => Promise.resolve("answer"), never);
    expect(first).toEqual({ kind: "checked-in", result: "answer" });
    expect(await calls()).toEqual([
      "Idle_Leave_00",
      "Sync_Enter_00",
      "Sync_Leave_00",
      "Idle_Enter_00",
    ]);

    await device.writeRootfsScript("Sync_Enter_01_busy", "exit 1");
    const second = await device.runner.aroundCheckIn(() => Promise.resolve("answer"), never);
    expect(second).toMatchObject({ kind: "sync-refused" });
    expect((await calls()).slice(4)).toEqual([
      "Idle_Leave_00",
      "Sync_Enter_00",
      "Sync_Error_00",
      "Idle_Enter_00",
    ]);
  });
});

test("an offer that is withdrawn while it is downloaded is aborted and leaves nothing", async () => {
  await start();
  device.server.downloadable = new Promise(() => undefined);
  await device.writeRootfsScript(
    "Download_Error_00",
    `echo Download_Error >> "${device.root}/calls"`,
  );
  const artifact = await recorder();
  await device.runner.offer(offerOf(artifact));
  await expect
    .poll(() => device.runner.state(), PATIENT)
    .toMatchObject({ kind: "downloading", percent: 30 });
  await device.runner.withdraw();
  await device.runner.idle();

  expect(device.finished()).toMatchObject({ outcome: "aborted", code: "withdrawn" });
  expect(await calls()).toEqual(["Download_Error"]);
  expect(await readdir(device.paths.dataDir)).not.toContain("downloads");
});

test("the same offer again, after its end, is not taken", async () => {
  await start();
  const artifact = await appArtifact("1.0");
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  const offer = offerOf(artifact);
  await expect(device.runner.offer(offer)).resolves.toBe(true);
  await device.runner.idle();

  await expect(device.runner.offer(offer)).resolves.toBe(false);
  await device.restart();
  await expect(device.runner.offer(offer)).resolves.toBe(false);
});
