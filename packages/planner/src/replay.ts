import { instant } from "@moult/base";
import { advance, type DeploymentProgress, type ProgressTally } from "./advance.ts";
import { decide } from "./decide.ts";
import type { DecideFacts } from "./facts.ts";
import { differencesOf, FACTS_VERSION, named, type Difference } from "./recorded-inputs.ts";

/** What today's planner says about something that was decided before. */
export type Replayed =
  /** A person's word, not the planner's. */
  | { readonly kind: "not-decided" }
  | { readonly kind: "same" }
  | { readonly kind: "different"; readonly differences: readonly Difference[] }
  | { readonly kind: "not-replayable"; readonly sentence: string };

/** Decides again, by the facts of then. `inputs` as `RecordedInputs` come back from their text. */
export function replay(inputs: unknown): Replayed {
  if (!isRecord(inputs)) return notReplayable("The inputs are no record of a decision.");
  if (inputs["kind"] === "creation") return { kind: "not-decided" };
  const { version } = inputs;
  if (version !== FACTS_VERSION)
    return notReplayable(
      `Facts of version ${String(version)} are not replayable by this planner, which decides by version ${FACTS_VERSION}.`,
    );
  try {
    const differences = differencesNow(inputs);
    if (differences === undefined)
      return notReplayable(`Nobody decides inputs of kind ${String(inputs["kind"])}.`);
    return differences.length === 0 ? { kind: "same" } : { kind: "different", differences };
  } catch (error) {
    // Facts that lack what every decision reads: an answer by half would be a guess.
    return notReplayable(
      `The facts cannot be decided: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

type Stored = Readonly<Record<string, unknown>>;

// Facts come back from a chain that was verified, in the version that this planner writes; whatever else they turn out to
// be ends in `not-replayable`.
function differencesNow(inputs: Stored): readonly Difference[] | undefined {
  if (inputs["kind"] === "decide")
    return differencesOf(inputs["decision"], named(decide(inputs["facts"] as DecideFacts)));
  if (inputs["kind"] === "advance") {
    const deployment = inputs["deployment"] as DeploymentProgress;
    const now = instant(Number(inputs["now"]));
    return differencesOf(
      inputs["events"],
      advance(deployment, inputs["tally"] as ProgressTally, now),
    );
  }
  return undefined;
}

const notReplayable = (sentence: string): Replayed => ({ kind: "not-replayable", sentence });

const isRecord = (value: unknown): value is Stored =>
  typeof value === "object" && value !== null && !Array.isArray(value);
