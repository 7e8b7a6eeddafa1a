import { addTally, type CampaignResult } from "@moult/simulator";

import { saveLedger, type Ledger } from "./ledger.ts";
import { runTasks } from "./workers.ts";

const SEEDS_PER_TASK = 120;
const SAVE_EVERY_MS = 10_000;

export interface CampaignOptions {
  readonly ledger: Ledger;
  readonly file: string;
  readonly updates: number;
  readonly threads: number;
  readonly onProgress: (ledger: Ledger) => void;
}

/** Runs seeds from where the ledger stands until it has `updates` updates, and writes down how far it has come. */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { ledger, file, updates, threads, onProgress } = options;
  const done = new Map<number, CampaignResult>();
  let nextFrom = ledger.nextSeed;
  let ahead = 0;
  let savedAt = Date.now();
  const { cpuSeconds: cpuSecondsBefore, timedUpdates: timedBefore } = ledger;
  const updatesBefore = ledger.tally.updates;
  const cpuBefore = process.cpuUsage();
  await runTasks(
    threads,
    () => {
      if (ledger.tally.updates + ahead >= updates) return undefined;
      const from = nextFrom;
      nextFrom += SEEDS_PER_TASK;
      return { kind: "seeds", from, to: nextFrom };
    },
    (task, result) => {
      if (task.kind !== "seeds" || result.kind !== "seeds") return;
      done.set(task.from, result.result);
      ahead += result.result.tally.updates;
      // In the order of the seeds, so that the ledger never has a gap.
      for (
        let next = done.get(ledger.nextSeed);
        next !== undefined;
        next = done.get(ledger.nextSeed)
      ) {
        done.delete(ledger.nextSeed);
        addTally(ledger.tally, next.tally);
        ledger.findings.push(...next.findings);
        ledger.nextSeed += SEEDS_PER_TASK;
        ahead -= next.tally.updates;
      }
      const { user, system } = process.cpuUsage(cpuBefore);
      ledger.cpuSeconds = cpuSecondsBefore + (user + system) / 1e6;
      ledger.timedUpdates = timedBefore + ledger.tally.updates - updatesBefore + ahead;
      if (Date.now() - savedAt < SAVE_EVERY_MS) return;
      savedAt = Date.now();
      saveLedger(file, ledger);
      onProgress(ledger);
    },
  );
  saveLedger(file, ledger);
}
