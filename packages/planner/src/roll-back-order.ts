import type { DeploymentRehearsal, DeploymentState } from "@moult/model";
import { counted, devices, numberText } from "./counted.ts";
import { isActive } from "./deployment-transitions.ts";
import { rollbackSentence, type RollbackGap } from "./rollback-sentence.ts";

/** Devices that would be taken back alike. */
interface TakenBack {
  /** What they ran before the deployment; null: not known. */
  readonly from: string | null;
  /** The version that they go back to; null: nothing that is here. */
  readonly to: string | null;
  readonly count: number;
}

/** What decides whether a person may take back what a deployment brought, and what that would do. */
export interface RollBackFacts {
  readonly state: DeploymentState;
  readonly version: string;
  readonly concurrentMax: number;
  /** Whether it takes another one's devices back itself. */
  readonly isRollback: boolean;
  /** Whether a person, or its plan after a trip, has them taken back already, and to the same or elsewhere. */
  readonly underWay: "same" | "elsewhere" | null;
  /** Those that run what it brought. */
  readonly groups: readonly TakenBack[];
  /** Those of them that could not go back. */
  readonly gaps: readonly RollbackGap[];
  /** Devices that install it now, or are further. */
  readonly installing: number;
  /** Whether those that cannot go back are left where they are, or keep the others from going. */
  readonly unable: "refuse" | "leave";
}

export type RollBackRefusal =
  | {
      readonly kind: "is-rollback" | "under-way" | "elsewhere" | "nobody";
      readonly sentence: string;
    }
  | { readonly kind: "impossible"; readonly sentence: string };

const total = (groups: readonly { readonly count: number }[]): number =>
  groups.reduce((sum, { count }) => sum + count, 0);

/** Why nothing is taken back; null: it is. */
export function refusedRollBack(facts: RollBackFacts): RollBackRefusal | null {
  const { version, isRollback, underWay, groups, gaps, installing, unable, state } = facts;
  if (isRollback)
    return {
      kind: "is-rollback",
      sentence: "It takes devices back itself: deploy the release that they shall run instead.",
    };
  if (underWay === "same")
    return { kind: "under-way", sentence: "Its devices are being taken back already." };
  // Who is not on the way yet may still go elsewhere.
  if (underWay === "elsewhere" && groups.length === 0)
    return {
      kind: "elsewhere",
      sentence:
        "Its devices are being taken back to another release already: abort what takes them back, and deploy the one that they shall run.",
    };
  const [whole, unfit] = [total(groups), total(gaps)];
  if (whole + installing === 0)
    return {
      kind: "nobody",
      sentence: `No device runs ${version} because of it${isActive(state) ? ": abort it instead" : ""}.`,
    };
  if (unfit > 0 && (unable === "refuse" || unfit === whole))
    return {
      kind: "impossible",
      sentence: gaps.map((gap) => rollbackSentence(gap, "ran")).join(" "),
    };
  return null;
}

/** What taking back would do, in plain words with numbers. */
export function rehearseRollBack(facts: RollBackFacts): DeploymentRehearsal {
  const { version, state, groups, gaps, installing, concurrentMax } = facts;
  const count = total(groups) - total(gaps);
  const button = count === 0 ? "Roll back" : `Roll ${counted(count, "device")} back`;
  const refusal = refusedRollBack(facts);
  if (refusal !== null) return { isPossible: false, sentence: refusal.sentence, button };
  const sentences = [
    ...(count === 0 ? [] : [whereTo(facts, count)]),
    ...gaps.map((gap) => rollbackSentence(gap, "ran")),
    ...(installing === 0
      ? []
      : [
          `${devices(installing, `is at installing ${version} and goes back once it runs it`, `are at installing ${version} and go back once they run it`)}.`,
        ]),
    ...(isActive(state) ? [`It is aborted, for good: nobody else gets ${version}.`] : []),
    `They go without stages, at most ${numberText(concurrentMax)} at a time.`,
  ];
  return { isPossible: true, sentence: sentences.join(" "), button };
}

/** `12 devices that run 2.0 go back: 10 to 1.0, 2 to 1.1.` */
function whereTo({ version, groups, gaps }: RollBackFacts, count: number): string {
  const counts = new Map<string, number>();
  const add = (to: string | null, by: number): void => {
    if (to !== null) counts.set(to, (counts.get(to) ?? 0) + by);
  };
  for (const group of groups) add(group.to, group.count);
  for (const gap of gaps) add(gap.to, -gap.count);
  const going = [...counts]
    .filter(([, of]) => of > 0)
    .toSorted(([, left], [, right]) => right - left);
  const who = devices(count, `that runs ${version} goes back`, `that run ${version} go back`);
  const [first] = going;
  return going.length === 1 && first !== undefined
    ? `${who} to ${first[0]}.`
    : `${who}: ${going.map(([to, of]) => `${numberText(of)} to ${to}`).join(", ")}.`;
}
