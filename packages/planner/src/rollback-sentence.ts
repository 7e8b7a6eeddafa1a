import { counted } from "./counted.ts";
import { sentenceOf } from "./reason-sentences.ts";
import type { RollbackObstacle } from "./rollback.ts";

/** Devices that could not be rolled back alike. */
export interface RollbackGap {
  /** What they run now, or ran before the update; null: not known. */
  readonly from: string | null;
  /** What they would go back to; null: nothing that is here. */
  readonly to: string | null;
  readonly obstacle: RollbackObstacle;
  readonly count: number;
}

const VERB = {
  runs: (count: number) => (count === 1 ? "runs" : "run"),
  ran: () => "ran",
} as const;

/** `12 devices that run 1.0 could not go back to it: ...`; `ran`: of devices that are updated already. */
export function rollbackSentence(
  { from, to, obstacle, count }: RollbackGap,
  tense: "runs" | "ran" = "runs",
): string {
  const whom = `${counted(count, "device")}${
    from === null ? "" : ` that ${VERB[tense](count)} ${from}`
  }`;
  if (obstacle.kind === "no-release") {
    const wanted = to ?? from;
    const why =
      wanted === null
        ? `what they ${tense === "ran" ? "ran" : "run"} is not known`
        : `no release ${wanted} with an artifact for them is here`;
    return `${whom} could not be rolled back: ${why}.`;
  }
  const back = to === from ? "to it" : `to ${to ?? "a release"}`;
  return `${whom} could not go back ${back}: ${sentenceOf(obstacle)}`;
}
