import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { instant } from "@moult/base";
import type { AssignmentUpdate, UpdateReport } from "@moult/updater";
import { someHoldPolicy, someLimits } from "../installers/installer.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createOfflineServerMove } from "../daemon/server-moves.ts";
import { factoryAdmission } from "../trust/factory-admission.ts";
import { createUpdateRunner } from "./create-update-runner.ts";
import { HARDWARE, pathsUnder } from "./device.fixture.ts";

/**
 * A process of its own around one runner, for tests that kill it: `node killable-agent.fixture.ts <JSON>`. It writes one
 * line per saved state, and `settled` when no update is under way; then it stays, as its application's parent.
 */
export interface KillableAgent {
  readonly root: string;
  readonly port: number;
  readonly boot: number;
  readonly artifactFile: string;
  readonly offer: AssignmentUpdate;
}

const { root, port, boot, artifactFile, offer } = JSON.parse(
  process.argv[2] ?? "",
) as KillableAgent;
process.env["TEST_APP_PORT"] = String(port);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const quiet = (): void => undefined;
const reportsFile = join(root, "reports.jsonl");

/** As the agent's queue does: durable, and each number once. */
function queue(update: AssignmentUpdate, report: UpdateReport): void {
  const key = `${update.assignmentId}.${update.attempt}.${report.sequence} `;
  const known = existsSync(reportsFile) ? readFileSync(reportsFile, "utf8") : "";
  if (!known.split("\n").some((line) => line.startsWith(key)))
    appendFileSync(reportsFile, `${key}${JSON.stringify(report)}\n`, { flush: true });
}

const runner = createUpdateRunner({
  paths: pathsUnder(root),
  hardwareType: HARDWARE,
  artifactKeys: [],
  admission: factoryAdmission,
  initialRunning: { artifactName: "factory-1", provides: {} },
  server: {
    download: async (_, file, signal, onProgress) => {
      await mkdir(dirname(file), { recursive: true });
      for (const percent of [25, 50, 75]) {
        onProgress(percent);
        await sleep(5, undefined, { signal });
      }
      await copyFile(artifactFile, file);
    },
    reachServer: (signal) => sleep(20, undefined, { signal }),
    report: ({ update, report }) => Promise.resolve(queue(update, report)),
  },
  serverMove: createOfflineServerMove(root, {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: quiet,
  }),
  reboot: { reboot: () => Promise.resolve(process.exit(0)) },
  bootId: `boot-${boot}`,
  clock: { now: () => instant(Date.now()) },
  ticker: systemTicker,
  log: {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (event, fields) => void say(`error ${event} ${JSON.stringify(fields)}`),
  },
  limits: someLimits(),
  holdPolicy: someHoldPolicy,
});
process.on("SIGTERM", () => void runner.stop().then(() => process.exit(0)));
runner.onChange(({ kind }) => void say(`state ${kind}`));
await runner.start();
await runner.offer(offer);
await runner.idle();
say("settled");
setInterval(quiet, 60_000);
