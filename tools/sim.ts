/**
 * `npm run sim -- OPTIONS`: the seeded simulator of devices that lose power, and of fleets of them.
 *
 *   --updates N      worlds until N updates were begun (100000); goes on where the ledger stands
 *   --ledger FILE    how far a campaign has come (.build/sim-ledger.json)
 *   --threads N      (2)
 *   --json           one line of JSON instead of sentences
 *   --report         the numbers of docs/proof/simulator.md, with the planted bugs and every cut of one update
 *   --negative       runs every planted bug; fails unless each is found
 *   --fleets N       fleets instead of single devices: those of the seeds below N
 *   --fleet N        one fleet of N devices; --seed N --trace as below
 *   --seed N         one world; --level L0..L5 instead of its own; --trace what happened in it
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

import {
  EXHAUSTIVE_CASES,
  FAULT_LEVELS,
  findPlantedInFleets,
  fleetInvariantSays,
  levelOf,
  PLANTED_BUGS,
  PLANTED_FLEET_BUGS,
  renderReport,
  runFleets,
  simulateFleet,
  simulateSeed,
  summaryOf,
  type ControlResult,
  type ExhaustiveResult,
  type FaultLevel,
} from "@moult/simulator";

import { codeDigest, openLedger } from "./sim/ledger.ts";
import { platform } from "./sim/platform.ts";
import { runCampaign } from "./sim/run-campaign.ts";
import { runTasks, type Task, type TaskResult } from "./sim/workers.ts";

const root = dirname(import.meta.dirname);
const { values } = parseArgs({
  options: {
    updates: { type: "string", default: "100000" },
    ledger: { type: "string", default: join(root, ".build", "sim-ledger.json") },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    negative: { type: "boolean", default: false },
    seed: { type: "string" },
    level: { type: "string" },
    fleet: { type: "string" },
    fleets: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});
const threads = Number(values.threads);
const SEEDS_PER_BUG_MAX = 4_000;
const FLEETS_PER_BUG_MAX = 200;
const NUMBERS_BELOW = "<!-- Made by `npm run sim -- --report`. -->";

if (values.fleet !== undefined) await runFleet(Number(values.fleet), Number(values.seed ?? 0));
else if (values.fleets !== undefined) await runManyFleets(Number(values.fleets));
else if (values.seed !== undefined) await runSeed(Number(values.seed));
else if (values.negative) await runNegative();
else await run();

async function runSeed(seed: number): Promise<void> {
  const level = FAULT_LEVELS.find((known) => known === values.level) ?? levelOf(seed);
  const { broken, tally, trace } = await simulateSeed({
    platform,
    seed,
    level: level satisfies FaultLevel,
    isTraced: values.trace,
  });
  for (const line of trace) console.log(line);
  const { updates, powerCuts, outcomes } = tally;
  console.log(JSON.stringify({ seed, level, updates, powerCuts, outcomes, broken }));
  process.exitCode = broken === null ? 0 : 1;
}

async function runFleet(devices: number, seed: number): Promise<void> {
  const run = await simulateFleet({ platform, seed, devices, isTraced: values.trace });
  for (const line of run.trace) console.log(line);
  const { broken, deployments } = run;
  const { updates, powerCuts, outcomes } = run.tally;
  console.log(JSON.stringify({ seed, devices, deployments, updates, powerCuts, outcomes, broken }));
  process.exitCode = broken === null ? 0 : 1;
}

async function runManyFleets(fleets: number): Promise<void> {
  const { devices, deployments, tally, findings } = await runFleets(platform, fleets);
  const { updates, powerCuts, boots, outcomes } = tally;
  const found = { fleets, devices, deployments, updates, powerCuts, boots, outcomes };
  if (values.json) console.log(JSON.stringify({ ...found, findings: findings.length }));
  else console.log({ ...found, findings: findings.length });
  for (const { seed, devices: size, invariant, detail } of findings.slice(0, 20))
    console.error(
      `--fleet ${size} --seed ${seed}: ${invariant}: ${detail} (what must hold: ${fleetInvariantSays(invariant)})`,
    );
  process.exitCode = findings.length === 0 ? 0 : 1;
}

/** All tasks on all threads; their results in the order of the tasks. */
async function resultsOf(tasks: readonly Task[]): Promise<readonly TaskResult[]> {
  const waiting = [...tasks];
  const results = new Map<Task, TaskResult>();
  await runTasks(
    threads,
    () => waiting.shift(),
    (task, result) => results.set(task, result),
  );
  return tasks.flatMap((task) => results.get(task) ?? []);
}

async function controls(): Promise<readonly ControlResult[]> {
  const results = await resultsOf(
    PLANTED_BUGS.map(({ name }) => ({ kind: "planted", name, seedsMax: SEEDS_PER_BUG_MAX })),
  );
  return results.flatMap((result) => (result.kind === "planted" ? result.result : []));
}

async function exhaustive(): Promise<readonly ExhaustiveResult[]> {
  const results = await resultsOf(
    EXHAUSTIVE_CASES.map((_, index) => ({ kind: "exhaustive", index })),
  );
  return results.flatMap((result) => (result.kind === "exhaustive" ? result.result : []));
}

async function runNegative(): Promise<void> {
  const inFleets = await Promise.all(
    PLANTED_FLEET_BUGS.map(async ({ name }) => ({
      name,
      found: await findPlantedInFleets(platform, name, FLEETS_PER_BUG_MAX),
    })),
  );
  const results = [...(await controls()), ...inFleets];
  const missed = results.filter(({ found }) => found === null);
  if (values.json)
    console.log(JSON.stringify({ planted: results.length, found: results.length - missed.length }));
  else
    for (const { name, found } of results)
      console.log(
        found === null
          ? `NOT FOUND  ${name}`
          : `seed ${String(found.seed).padStart(5)}  ${name}: ${found.invariant}`,
      );
  process.exitCode = missed.length === 0 ? 0 : 1;
}

async function run(): Promise<void> {
  const ledger = openLedger(values.ledger, codeDigest(root));
  await runCampaign({
    ledger,
    file: values.ledger,
    updates: Number(values.updates),
    threads,
    onProgress: ({ tally, findings }) => {
      if (!values.json)
        console.log(
          `${tally.updates} updates, ${tally.powerCuts} power cuts, ${findings.length} findings`,
        );
    },
  });
  const { tally, findings, cpuSeconds, timedUpdates } = ledger;
  console.log(
    JSON.stringify({
      ...summaryOf(tally),
      updatesPerCpuSecond: Math.round(timedUpdates / cpuSeconds),
    }),
  );
  for (const { seed, level, invariant, detail } of findings.slice(0, 20))
    console.error(`seed ${seed} (${level}): ${invariant}: ${detail}`);
  if (values.report)
    await writeReport(
      renderReport({
        ...ledger,
        controls: await controls(),
        exhaustive: await exhaustive(),
      }),
    );
  process.exitCode = findings.length === 0 ? 0 : 1;
}

/** Puts the numbers under the sentences that people wrote. */
async function writeReport(numbers: string): Promise<void> {
  const file = join(root, "docs", "proof", "simulator.md");
  const text = await readFile(file, "utf8");
  const [written = ""] = text.split(NUMBERS_BELOW);
  await writeFile(file, `${written}${NUMBERS_BELOW}\n\n${numbers}`);
}
