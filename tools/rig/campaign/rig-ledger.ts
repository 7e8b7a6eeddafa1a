import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { emptyRigTally, type RigInvariant, type RigTally } from "./rig-tally.ts";
import type { RigResult } from "./run-rig.ts";

/** A run, and the commit that it ran on; `+` behind it: with changes that are in no commit. */
export interface LedgerRun extends RigResult {
  readonly commit: string;
}

/** A planted bug that was looked for. */
interface LedgerControl {
  readonly bootloader: string;
  readonly control: string;
  readonly commit: string;
  readonly seed: number;
  /** By what it was found; null: it was not. */
  readonly foundBy: string | null;
  readonly cycles: number;
}

/** Everything that was run here, so that campaigns of many runs add up. */
export interface Ledger {
  readonly runs: readonly LedgerRun[];
  readonly controls: readonly LedgerControl[];
}

export const readLedger = (file: string): Ledger =>
  existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Ledger)
    : { runs: [], controls: [] };

/** At once or not at all: a run that is ended while it writes loses nothing of those before. */
export function writeLedger(file: string, ledger: Ledger): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(ledger));
  renameSync(`${file}.new`, file);
}

/** No device may be left without a system that it starts, and its server without a word from it. */
const BRICKED: readonly RigInvariant[] = [
  "device-comes-back",
  "no-kernel-trouble",
  "environment-readable",
  "environment-in-every-state",
  "identity-kept",
  "server-agrees",
];
const PARTIAL: readonly RigInvariant[] = ["boots-whole-system", "good-slot-whole"];
const UNHEALTHY: readonly RigInvariant[] = ["good-slot-healthy"];

export interface BootloaderSum {
  readonly name: string;
  /** That found something to forget. */
  readonly cuts: number;
  readonly boots: number;
  readonly bricks: number;
  readonly partialBoots: number;
  readonly unhealthyConfirmed: number;
  /** Whatever else did not hold. */
  readonly otherFindings: number;
  readonly cutsWithNothingPending: number;
  readonly trialBoots: number;
  readonly confirmations: number;
  readonly fallBacks: number;
  readonly environmentStates: number;
  readonly seconds: number;
  /** How many of the cuts each commit stood. */
  readonly cutsByCommit: Readonly<Record<string, number>>;
}

/** What came of all runs, for each bootloader. */
export function sumOfRuns(runs: readonly LedgerRun[]): readonly BootloaderSum[] {
  const byName = Map.groupBy(runs, ({ bootloader }) => bootloader);
  return [...byName].map(([name, some]) => {
    const sum = (of: (tally: RigTally) => number): number =>
      some.reduce((total, { tally }) => total + of({ ...emptyRigTally(), ...tally }), 0);
    const found = (names: readonly RigInvariant[]): number =>
      sum((tally) => names.reduce((total, invariant) => total + tally.found[invariant], 0));
    const all = sum(({ found: each }) => Object.values(each).reduce((one, two) => one + two, 0));
    const named = { bricks: found(BRICKED), partialBoots: found(PARTIAL) };
    const unhealthyConfirmed = found(UNHEALTHY);
    const cutsByCommit: Record<string, number> = {};
    for (const { commit, tally } of some)
      cutsByCommit[commit] = (cutsByCommit[commit] ?? 0) + tally.cuts;
    return {
      name,
      cuts: sum(({ cuts }) => cuts),
      boots: sum(({ starts }) => starts),
      ...named,
      unhealthyConfirmed,
      otherFindings: all - named.bricks - named.partialBoots - unhealthyConfirmed,
      cutsWithNothingPending: sum((tally) => tally.cutsWithNothingPending),
      trialBoots: sum(({ trialStarts }) => trialStarts),
      confirmations: sum(({ confirmations }) => confirmations),
      fallBacks: sum(({ fallBacks }) => fallBacks),
      environmentStates: sum(({ environment }) => environment.states),
      seconds: sum(({ seconds }) => seconds),
      cutsByCommit,
    };
  });
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

/** For people, in Markdown: what came of all runs, and of each planted bug that was looked for. */
export function ledgerTables({ runs, controls }: Ledger): string {
  const sums = sumOfRuns(runs).map((sum) =>
    row([
      sum.name,
      sum.cuts,
      sum.cutsWithNothingPending,
      sum.boots,
      sum.trialBoots,
      sum.confirmations,
      sum.fallBacks,
      sum.environmentStates,
      sum.bricks,
      sum.partialBoots,
      sum.unhealthyConfirmed,
      sum.otherFindings,
    ]),
  );
  const looked = [...lastLooked(controls).values()].map(
    ({ bootloader, control, foundBy, cycles }) =>
      row([bootloader, control, foundBy ?? "not found", cycles]),
  );
  const heads = [
    [
      "bootloader",
      "cuts that found something pending",
      "others",
      "starts",
      "of a trial",
      "confirmed",
    ],
    [
      "fall-backs",
      "states of the environment",
      "bricks",
      "partial boots",
      "unhealthy confirmed",
      "other findings",
    ],
  ].flat();
  const controlHeads = ["bootloader", "planted bug", "found by", "after so many cuts"];
  const table = (head: readonly string[], rows: readonly string[]): string[] =>
    rows.length === 0 ? [] : [row(head), row(head.map(() => "---")), ...rows, ""];
  return [...table(heads, sums), ...table(controlHeads, looked)].join("\n");
}

const lastLooked = (controls: readonly LedgerControl[]): ReadonlyMap<string, LedgerControl> =>
  new Map(controls.map((one) => [`${one.bootloader} ${one.control}`, one]));

/** The one line that machines read. Of each planted bug, what was found when it was last looked for. */
export function ledgerLine({ runs, controls }: Ledger): string {
  const last = lastLooked(controls);
  const found = [...last.values()].filter(({ foundBy }) => foundBy !== null);
  return JSON.stringify({
    bootloaders: sumOfRuns(runs),
    negativeControlsCaught: found.length,
    negativeControls: last.size,
    missed: [...last.values()]
      .filter(({ foundBy }) => foundBy === null)
      .map(({ bootloader, control }) => `${bootloader} ${control}`),
  });
}
