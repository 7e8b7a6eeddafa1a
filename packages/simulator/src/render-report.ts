import { unreachable } from "@moult/base";
import type { ControlResult, Finding } from "./campaign.ts";
import type { ExhaustiveResult } from "./exhaustive.ts";
import { FAULT_LEVELS, termsOf } from "./fault-levels.ts";
import { countedAs, INVARIANTS, type Invariant } from "./invariants.ts";
import type { Tally } from "./tally.ts";

/** A campaign in one object, as the command prints it. */
export interface Summary {
  readonly seeds: number;
  readonly updates: number;
  readonly powerCuts: number;
  readonly boots: number;
  /** Devices that no longer start a whole system, or could have lost their only way back. */
  readonly bricks: number;
  /** Outcomes that are not true, and outcomes that the server lacks or has twice. */
  readonly wrongReports: number;
  /** Devices that never come to rest, or cannot be updated any more. */
  readonly stuck: number;
  /** Other broken invariants. */
  readonly others: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

export function summaryOf({ seeds, updates, powerCuts, boots, outcomes, broken }: Tally): Summary {
  const counts = { bricks: 0, wrongReports: 0, stuck: 0, others: 0 };
  for (const [invariant, times] of Object.entries(broken))
    counts[countedAs(invariant as Invariant)] += times;
  return { seeds, updates, powerCuts, boots, ...counts, outcomes };
}

export interface ReportParts {
  readonly tally: Tally;
  readonly nextSeed: number;
  /** What the processors spent, and on how many updates. */
  readonly cpuSeconds: number;
  readonly timedUpdates: number;
  readonly findings: readonly Finding[];
  readonly controls: readonly ControlResult[];
  readonly exhaustive: readonly ExhaustiveResult[];
}

/** The numbers of docs/proof/simulator.md, made by the command and by nobody's hand. */
export const renderReport = (parts: ReportParts): string =>
  [
    ...campaignLines(parts),
    ...metLines(parts),
    ...exhaustiveLines(parts),
    ...controlLines(parts),
  ].join("\n");

function campaignLines(parts: ReportParts): readonly string[] {
  const { tally, nextSeed, cpuSeconds, timedUpdates, findings } = parts;
  const { bricks, wrongReports, stuck, others } = summaryOf(tally);
  const { updates, powerCuts, boots } = tally;
  return [
    `## What was run`,
    ``,
    table(
      ["seeds", "updates", "power cuts", "boots", "bricks", "wrong reports", "stuck", "other"],
      [[`0 to ${nextSeed - 1}`, updates, powerCuts, boots, bricks, wrongReports, stuck, others]],
    ),
    ``,
    `${Math.round(timedUpdates / cpuSeconds)} updates for each second of a processor, on a machine that was busy with other things.`,
    ...findings.map(
      ({ seed, level, invariant, detail }) => `- seed ${seed} (${level}) ${invariant}: ${detail}`,
    ),
    ``,
    `## Levels of faults`,
    ``,
    table(
      ["level", "faults", "promised"],
      FAULT_LEVELS.map((level) => [
        level,
        termsOf(level).faults,
        promiseOf(termsOf(level).promise),
      ]),
    ),
    ``,
    `## Invariants`,
    ``,
    table(["name", "says"], Object.entries(INVARIANTS)),
    ``,
  ];
}

function metLines({ tally }: ReportParts): readonly string[] {
  const pairs = Object.keys(tally.cutPoints).length;
  return [
    `## What was met`,
    ``,
    `How attempts ended:`,
    ``,
    table(["outcome", "times"], sorted(tally.outcomes)),
    ``,
    `Faults other than cuts of power:`,
    ``,
    table(["fault", "times"], sorted(tally.faults)),
    ``,
    `States that were saved, and cuts of power while they held. Power went at ${pairs} different pairs of a state and of what was being done.`,
    ``,
    table(
      ["state", "saved", "cuts"],
      sorted(tally.states).map(([state, times]) => [state, times, tally.cutsByState[state] ?? 0]),
    ),
    ``,
  ];
}

function exhaustiveLines({ exhaustive }: ReportParts): readonly string[] {
  return [
    `## Every cut of one update`,
    ``,
    `Power goes at each moment of an untroubled update, with every subset of what was not synced (up to eight changes) and every content that a file can be found with. What is left equal is followed once.`,
    ``,
    table(
      ["update of", "moments", "cuts tried", "different states left", "broken"],
      exhaustive.map(({ name, moments, runs, states, findings }) => [
        name,
        moments,
        runs,
        states,
        findings.length,
      ]),
    ),
    ``,
  ];
}

function controlLines({ controls }: ReportParts): readonly string[] {
  return [
    `## Planted bugs`,
    ``,
    `Each takes the place of what ships; it counts as found when an invariant that it is expected to break is broken: in the world that is known to show it or, when worlds have changed, in the first one that does.`,
    ``,
    table(
      ["bug", "seed", "broken invariant"],
      controls.map(({ name, found }) =>
        found === null ? [name, "NOT FOUND", ""] : [name, found.seed, found.invariant],
      ),
    ),
    ``,
  ];
}

function promiseOf(promise: "everything" | "a-whole-system-starts"): string {
  switch (promise) {
    case "everything":
      return "every invariant";
    case "a-whole-system-starts":
      return "that a whole system starts (I1, I4, I7), and nothing else: what a disk only says it keeps cannot be told";
    default:
      return unreachable(promise);
  }
}

const sorted = (counts: Readonly<Record<string, number>>): readonly (readonly [string, number])[] =>
  Object.entries(counts).toSorted(([, left], [, right]) => right - left);

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(row))].join("\n");
}
