import { canonicalText, type InstantMs } from "@moult/base";
import type { AdvanceEvent, DeploymentProgress, ProgressTally } from "./advance.ts";
import type { Decision } from "./decide.ts";
import type { DecideFacts } from "./facts.ts";

/**
 * Grows when facts of before can no longer be decided as they were: a field means something else, or one is needed that
 * older facts do not have. Deployments keep their facts for years, so a later planner says of a version that it cannot decide that it
 * is not replayable instead of answering by guess.
 */
export const FACTS_VERSION = 3;

/** What decided an event of a deployment, and what the planner said: all that it takes to decide it again. */
export type RecordedInputs =
  /** A deployment as it was created: what people asked for, which nobody decides again. */
  | { readonly version: number; readonly kind: "creation"; readonly deployment: unknown }
  | {
      readonly version: number;
      readonly kind: "decide";
      readonly facts: DecideFacts;
      readonly decision: unknown;
    }
  | {
      readonly version: number;
      readonly kind: "advance";
      readonly deployment: DeploymentProgress;
      readonly tally: ProgressTally;
      readonly now: InstantMs;
      readonly events: readonly AdvanceEvent[];
    };

/** An answer to a device with the facts that it was decided by. */
export const recordDecision = (facts: DecideFacts, decision: Decision): RecordedInputs => ({
  version: FACTS_VERSION,
  kind: "decide",
  facts,
  decision: named(decision),
});

export const recordCreation = (deployment: object): RecordedInputs => ({
  version: FACTS_VERSION,
  kind: "creation",
  deployment,
});

/** What became of a deployment, with the numbers that it was judged by. */
export const recordAdvance = (
  deployment: DeploymentProgress,
  tally: ProgressTally,
  now: InstantMs,
  events: readonly AdvanceEvent[],
): RecordedInputs => ({ version: FACTS_VERSION, kind: "advance", deployment, tally, now, events });

/**
 * What a decision says, with the things that it took from its facts named by their ids: they stand in the facts, and two
 * decisions are the same when they say the same about the same things.
 */
export function named(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(named);
  if (typeof value !== "object" || value === null) return value;
  if ("id" in value && typeof value.id === "string") return value.id;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === undefined ? [] : [[name, named(member)]],
    ),
  );
}

/** Where two values differ, as paths with the canonical text of each side; null where a side has nothing. */
export interface Difference {
  readonly path: string;
  readonly recorded: string | null;
  readonly now: string | null;
}

export function differencesOf(recorded: unknown, now: unknown, path = ""): readonly Difference[] {
  const left = textOf(recorded);
  const right = textOf(now);
  if (left === right) return [];
  if (!isContainer(recorded) || !isContainer(now)) return [{ path, recorded: left, now: right }];
  const lefts = new Map(Object.entries(recorded));
  const rights = new Map(Object.entries(now));
  const names = [...new Set([...lefts.keys(), ...rights.keys()])].sort();
  return names.flatMap((name) =>
    differencesOf(lefts.get(name), rights.get(name), path === "" ? name : `${path}.${name}`),
  );
}

const textOf = (value: unknown): string | null =>
  value === undefined ? null : canonicalText(value);

const isContainer = (value: unknown): value is object =>
  typeof value === "object" && value !== null;
