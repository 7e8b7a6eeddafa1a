import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  PATIENT,
  aDevice,
  buildArtifact,
  linesOf,
  offerOf,
  type BuiltArtifact,
  type DeviceOptions,
  type TestDevice,
} from "./device.fixture.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;

async function start(options?: DeviceOptions): Promise<void> {
  device = await aDevice(options);
  await device.writeModule(
    "recorder",
    `echo "$1" >> "${device.root}/calls"
     case "$1" in
       SupportsRollback) echo Yes ;;
       NeedsArtifactReboot) cat "${device.root}/needs-reboot" 2>/dev/null || echo No ;;
     esac`,
  );
  // Says what the test wrote down.
  await device.writeContextScript("circumstances", `cat "${device.root}/says" 2>/dev/null; exit 0`);
}
afterEach(async () => {
  await device.close();
});

const says = (text: string): Promise<void> => writeFile(join(device.root, "says"), `${text}\n`);
const calls = (): Promise<readonly string[]> => linesOf(join(device.root, "calls"));
const state = (): string => device.runner.state().kind;
const recorder = () =>
  buildArtifact({ name: "new-2", type: "recorder", files: { payload: "data" } });

async function begin(): Promise<BuiltArtifact> {
  const artifact = await recorder();
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  await device.runner.offer(offerOf(artifact));
  return artifact;
}
const deferrals = () =>
  device.server.reports.flatMap(({ report }) =>
    report.kind === "deferred"
      ? [`${report.before}: ${report.holds.map(({ code }) => code).join(" ")}`]
      : [],
  );

describe("an update", () => {
  beforeEach(() => start());

  test("waits while its device is busy, says so once, and goes on by itself", async () => {
    await says("busy=yes");
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["install: busy"]);
    expect(await calls()).not.toContain("ArtifactInstall");

    await says("busy=no");
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
    expect(deferrals()).toEqual(["install: busy"]);
    expect(device.kinds()).toEqual([
      "downloading",
      "downloading",
      "downloading",
      "deferred",
      "installing",
      "activating",
      "proving",
      "finished",
    ]);
  });

  test("does not begin to download over a connection that costs money", async () => {
    await says("metered=yes");
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["download: metered-connection"]);
    expect(device.kinds()).toEqual(["deferred"]);

    await says("metered=no");
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("tells its reasons anew when they change", async () => {
    await says("busy=yes");
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["install: busy"]);
    await says("battery_percent=12\nhold=oven-hot: it has 240 degrees");
    await expect
      .poll(deferrals, PATIENT)
      .toEqual(["install: busy", "install: battery-low oven-hot"]);
    expect(device.runner.state()).toMatchObject({
      holds: [{ code: "battery-low" }, { code: "oven-hot", detail: "it has 240 degrees" }],
    });
  });

  test("waits on over a restart and a loss of power, with what was unpacked", async () => {
    await says("busy=yes");
    await begin();
    await expect.poll(deferrals, PATIENT).toHaveLength(1);
    await device.restart(2);
    expect(device.runner.state()).toMatchObject({
      kind: "waiting-to-install",
      holds: [{ code: "busy" }],
    });

    await says("busy=no");
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
    expect((await calls()).filter((call) => call === "Download")).toHaveLength(1);
  });

  test("that the server takes back while it waits is gone, and nothing was installed", async () => {
    await says("busy=yes");
    await begin();
    await expect.poll(deferrals, PATIENT).toHaveLength(1);
    await device.runner.withdraw();
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "aborted", code: "withdrawn" });
    expect(await calls()).not.toContain("ArtifactInstall");
    expect((await calls()).at(-1)).toBe("Cleanup");
  });

  test("waits for the window it was told of, without its server, over a restart, and goes on in it", async () => {
    const artifact = await recorder();
    device.server.artifacts.set(artifact.sha256, artifact.bytes);
    const hour = 3_600_000;
    const shut = { install: [{ fromMs: Date.now() + hour, untilMs: Date.now() + 2 * hour }] };
    const offer = offerOf(artifact, { windows: shut });
    await device.runner.offer(offer);
    await expect.poll(deferrals, PATIENT).toEqual(["install: outside-window"]);
    expect(await calls()).not.toContain("ArtifactInstall");
    await device.restart();
    expect(state()).toBe("waiting-to-install");

    // Told anew by its server: one is open now.
    const open = { install: [{ fromMs: Date.now() - hour, untilMs: Date.now() + hour }] };
    expect(await device.runner.offer({ ...offer, windows: open })).toBe(true);
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
    expect((await calls()).filter((call) => call === "Download")).toHaveLength(1);
  });

  test("begins by itself when its window opens", async () => {
    const artifact = await recorder();
    device.server.artifacts.set(artifact.sha256, artifact.bytes);
    const opens = Date.now() + 1_500;
    const windows = { install: [{ fromMs: opens, untilMs: opens + 3_600_000 }] };
    await device.runner.offer(offerOf(artifact, { windows }));
    await device.runner.idle();

    expect(Date.now()).toBeGreaterThanOrEqual(opens);
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("by a person at the device waits for nothing", async () => {
    await says("busy=yes\ndriving=yes\nmetered=yes\nhold=no");
    const { bytes } = await recorder();
    const file = join(device.root, "usb.mender");
    await writeFile(file, bytes);
    expect(await device.runner.installFile(file)).toMatchObject({ kind: "awaiting-decision" });
  });
});

describe("a context script that", () => {
  test.each([
    ["fails", "exit 7", "circumstances ended with exit code 7."],
    ["prints what is not known", "echo drivng=yes", 'circumstances printed "drivng=yes".'],
    ["hangs", "sleep 60", "circumstances took longer than 500 ms."],
    ["floods", "yes busy=no", "circumstances printed more than 262144 bytes."],
  ])("%s holds the installation, and says why", async (_, text, detail) => {
    await start({ limits: { contextTimeoutMs: 500 } });
    await device.writeContextScript("circumstances", text);
    await begin();
    await expect
      .poll(() => device.runner.state(), PATIENT)
      .toMatchObject({
        kind: "waiting-to-install",
        holds: [{ code: "context-unknown", detail }],
      });
    // A script that was put right lets it go on.
    await device.writeContextScript("circumstances", "echo busy=no");
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("never answers keeps no device from its updates for ever", async () => {
    await start({ limits: { holdMsMax: 300 } });
    await device.writeContextScript("circumstances", "exit 7");
    expect(await device.update(await recorder())).toMatchObject({ outcome: "succeeded" });
  });
});

test("a device that is held too long gives the update up and says what held it", async () => {
  await start({ limits: { holdMsMax: 300 } });
  await says("busy=yes");
  const report = await device.update(await recorder());

  expect(report).toMatchObject({
    outcome: "aborted",
    code: "held-too-long",
    detail: expect.stringContaining("busy"),
  });
  expect(await calls()).not.toContain("ArtifactInstall");
});

describe("with a reboot to come", () => {
  beforeEach(async () => {
    await start({ limits: { holdMsMax: 60_000 } });
    await writeFile(join(device.root, "needs-reboot"), "Automatic");
    // Nothing holds it until it is installed.
    await device.writeContextScript(
      "circumstances",
      `grep -qs ArtifactInstall "${device.root}/calls" && [ ! -e "${device.root}/parked" ] && echo driving=yes; exit 0`,
    );
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["reboot: driving"]);
  });

  test("a device that is driven reboots when it is parked", async () => {
    expect(device.reboots).toEqual([]);
    await writeFile(join(device.root, "parked"), "");
    await expect.poll(() => device.reboots, PATIENT).toEqual([1]);
    await device.restart(2);
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("a machine that lost power meanwhile has rebooted", async () => {
    await device.restart(2);
    await device.runner.idle();
    expect(device.reboots).toEqual([]);
    expect(await calls()).toContain("ArtifactVerifyReboot");
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("an agent that was only restarted goes on waiting", async () => {
    await device.restart(1);
    expect(state()).toBe("waiting-to-reboot");
  });

  test("the server can still take its offer back", async () => {
    await device.runner.withdraw();
    await expect.poll(() => device.reboots, PATIENT).toEqual([1]);
    expect(state()).toBe("rollback-rebooting");
    await device.restart(2);
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "rolled-back", code: "withdrawn" });
  });
});

describe("a device that asks a person", () => {
  test("installs after a yes, also when it was restarted in between", async () => {
    await start({ holdPolicy: { consent: "install" } });
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["install: consent-needed"]);
    await device.restart(2);
    expect(await device.runner.consent(true)).toEqual({ kind: "taken", before: "install" });
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("remembers a yes over a restart while something else still holds it", async () => {
    await start({ holdPolicy: { consent: "install" } });
    await says("busy=yes");
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["install: busy consent-needed"]);
    await device.runner.consent(true);
    await expect.poll(deferrals, PATIENT).toHaveLength(2);
    await device.restart(2);
    await says("busy=no");
    await device.runner.idle();
    expect(deferrals().at(-1)).toBe("install: busy");
    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
  });

  test("takes a no for an answer, before anything was downloaded", async () => {
    await start({ holdPolicy: { consent: "download" } });
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["download: consent-needed"]);
    expect(await device.runner.consent(false)).toEqual({ kind: "taken", before: "download" });
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "rejected", code: "declined-by-person" });
    expect(device.kinds()).toEqual(["deferred", "finished"]);
  });

  test("before a reboot takes everything back after a no", async () => {
    await start({ holdPolicy: { consent: "reboot" } });
    await writeFile(join(device.root, "needs-reboot"), "Automatic");
    await begin();
    await expect.poll(deferrals, PATIENT).toEqual(["reboot: consent-needed"]);
    await device.runner.consent(false);
    await expect.poll(() => device.reboots, PATIENT).toEqual([1]);
    await device.restart(2);
    await device.runner.idle();
    expect(device.finished()).toMatchObject({ outcome: "rolled-back", code: "declined-by-person" });
  });

  test("has nothing to answer when no update waits", async () => {
    await start();
    expect(await device.runner.consent(true)).toEqual({ kind: "nothing-to-decide" });
    expect(await device.runner.consent(false)).toEqual({ kind: "nothing-to-decide" });
  });
});

test("what held an update stands in its log", async () => {
  await start({ limits: { contextTimeoutMs: 5_000 } });
  await device.writeContextScript("circumstances", `[ -e "${device.root}/well" ] || exit 7`);
  await begin();
  await expect.poll(deferrals, PATIENT).toEqual(["install: context-unknown"]);
  await writeFile(join(device.root, "well"), "");
  await device.runner.idle();
  await rm(join(device.root, "well"));
  const log = await readFile(device.server.reports.at(-1)?.logFile ?? "", "utf8");
  expect(log).toContain("exit code 7");
});
