import { appendFileSync, copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { instant } from "@moult/base";
import type { AssignmentUpdate } from "@moult/updater";
import { createOfflineServerMove } from "../daemon/server-moves.ts";
import { someHoldPolicy, someLimits } from "../installers/installer.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import { factoryAdmission } from "../trust/factory-admission.ts";
import { createUpdateRunner } from "./create-update-runner.ts";
import { HARDWARE, pathsUnder } from "./device.fixture.ts";
import type { UpdateRunner } from "./update-runner.ts";

/**
 * A process that is the agent of many devices, for tests that kill it: it reads one `HostedDevice` a line, and writes one
 * `HostedEnd` a line. A device that has ended stays ended; the process lives until it is killed.
 */
export interface HostedDevice {
  readonly index: number;
  readonly root: string;
  readonly boot: number;
  readonly artifactFile: string;
  readonly offer: AssignmentUpdate;
  /** For what modules and scripts may take. */
  readonly timeoutMs: number;
}

export interface HostedEnd {
  readonly index: number;
  /** `rebooting`: it asked for a reboot of its machine and goes no further. */
  readonly end: "settled" | "rebooting";
  readonly runs: string;
}

const quiet = (): void => undefined;
const log = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (event: string, fields: unknown) =>
    void process.stderr.write(`${event} ${JSON.stringify(fields)}\n`),
};

function runnerOf(device: HostedDevice, say: (end: HostedEnd["end"]) => void): UpdateRunner {
  const { root, boot, artifactFile, timeoutMs } = device;
  return createUpdateRunner({
    paths: pathsUnder(root),
    hardwareType: HARDWARE,
    artifactKeys: [],
    admission: factoryAdmission,
    initialRunning: { artifactName: "old", provides: { artifact_name: "old" } },
    server: {
      download: (_, file) => {
        mkdirSync(dirname(file), { recursive: true });
        copyFileSync(artifactFile, file);
        return Promise.resolve();
      },
      reachServer: () => Promise.resolve(),
      report: ({ report }) => {
        appendFileSync(join(root, "reports"), `${JSON.stringify(report)}\n`);
        return Promise.resolve();
      },
    },
    serverMove: createOfflineServerMove(root, log),
    reboot: {
      reboot: () => {
        say("rebooting");
        return new Promise(() => undefined);
      },
    },
    bootId: `boot-${boot}`,
    clock: { now: () => instant(Date.now()) },
    ticker: systemTicker,
    log,
    holdPolicy: someHoldPolicy,
    limits: someLimits({
      moduleTimeoutMs: timeoutMs,
      scriptTimeoutMs: timeoutMs,
      // A script that asks for ever is run twice: once more fits, and twice more does not.
      scriptRetryIntervalMs: 60,
      scriptRetryTimeoutMs: 100,
    }),
  });
}

async function host(device: HostedDevice): Promise<void> {
  const say = (end: HostedEnd["end"]): void => {
    const runs = runner.running().artifactName;
    process.stdout.write(`${JSON.stringify({ index: device.index, end, runs })}\n`);
  };
  const runner = runnerOf(device, say);
  await runner.start();
  await runner.offer(device.offer);
  await runner.idle();
  say("settled");
  await runner.stop();
}

createInterface({ input: process.stdin }).on("line", (line) => {
  void host(JSON.parse(line) as HostedDevice);
});
setInterval(quiet, 60_000);
