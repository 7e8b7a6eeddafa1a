import type { Deployment } from "@moult/model";
import { approvalNeeded, type PendingApproval } from "./approvals.ts";
import { counted, numberText } from "./counted.ts";
import { failuresOf, finishedOf } from "./stage-gate.ts";
import { lastStage } from "./stage-share.ts";

/** What a deployment's headline is made of. */
export type HeadlineFacts = Pick<Deployment, "state" | "stage" | "plan" | "tally" | "version"> & {
  readonly trip: TripWords | null;
  readonly pendingApproval: PendingApproval | null;
};

type TripWords = Pick<
  NonNullable<Deployment["trip"]>,
  "kind" | "stage" | "failed" | "finished" | "limit"
>;

/** Where a deployment stands, in one sentence that a person could say aloud. */
export function headlineOf(facts: HeadlineFacts): string {
  const { state, trip } = facts;
  switch (state) {
    case "running":
      return running(facts);
    case "paused":
      return `Paused${facts.plan.stages.length === 1 ? "" : ` at ${stageOf(facts)}`}: ${progress(facts)}.`;
    case "tripped":
      // A row of an older version could lack its trip; the sentence is then shorter, not wrong.
      return trip === null
        ? "Stopped itself after too many failures."
        : `Stopped ${tripWords(trip)}`;
    case "finished":
      return finished(facts);
    case "aborted":
      return aborted(facts);
  }
}

/** `itself at stage 2: 9 of 60 devices failed; the limit is 2 %.` */
export function tripWords({ kind, stage, failed, finished: of, limit }: TripWords): string {
  const bound = kind === "failure-percent" ? `${limit} %` : numberText(limit);
  return `itself at stage ${stage + 1}: ${numberText(failed)} of ${counted(of, "device")} failed; the limit is ${bound}.`;
}

const stageOf = ({ stage, plan }: HeadlineFacts): string =>
  `stage ${stage + 1} of ${plan.stages.length}${named(plan.stages[stage]?.name)}`;

const named = (name: string | undefined): string => (name === undefined ? "" : ` (${name})`);

const reached = ({ tally }: HeadlineFacts): number => tally.succeeded + tally.alreadyRunning;

function running(facts: HeadlineFacts): string {
  const { tally, plan, pendingApproval } = facts;
  if (pendingApproval?.stage === 0) return `Begins once ${approvalNeeded(pendingApproval)}.`;
  if (tally.eligible === 0 && tally.open === 0)
    return "No device of the target can take it at present.";
  const words =
    tally.admitted + tally.alreadyRunning === 0
      ? tally.eligible === 1
        ? "waits for its one device to check in"
        : `waits for the first of ${numberText(tally.eligible)} devices to check in`
      : progress(facts);
  const sentence = plan.stages.length === 1 ? words : `${stageOf(facts)}: ${words}`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** `12 of 60 devices are done, 4 in the update, 1 failed`. */
function progress(facts: HeadlineFacts): string {
  const { tally } = facts;
  const done = reached(facts);
  const failed = failuresOf(tally);
  // A device that left the target still counts with how it ended.
  const whole = Math.max(tally.eligible, done + failed + tally.open);
  return [
    `${numberText(done)} of ${numberText(whole)} devices ${done === 1 ? "is" : "are"} done`,
    ...(tally.open > 0 ? [`${numberText(tally.open)} in the update`] : []),
    ...(failed > 0 ? [`${numberText(failed)} failed`] : []),
  ].join(", ");
}

function finished(facts: HeadlineFacts): string {
  const { tally, version } = facts;
  const done = reached(facts);
  const whole = finishedOf(tally) + tally.alreadyRunning + tally.aborted;
  if (done === whole)
    return done === 1
      ? `Its one device reached ${version}.`
      : `All ${counted(done, "device")} reached ${version}.`;
  const others = [
    [tally.rolledBack, "rolled back"],
    [tally.failed, "failed"],
    [tally.rejected, "refused it"],
    [tally.timedOut + tally.silent, "not heard of"],
    [tally.aborted, "taken out"],
  ] as const;
  const rest = others.flatMap(([count, words]) =>
    count === 0 ? [] : [`${numberText(count)} ${words}`],
  );
  return `${numberText(done)} of ${numberText(whole)} devices reached ${version}; ${rest.join(", ")}.`;
}

function aborted(facts: HeadlineFacts): string {
  const { tally, version, stage, plan } = facts;
  const done = reached(facts);
  const at = stage === lastStage(plan) ? "" : ` at ${stageOf(facts)}`;
  const open = tally.open === 0 ? "" : `, ${numberText(tally.open)} finish the update`;
  return `Aborted${at}: ${counted(done, "device")} reached ${version}${open}.`;
}
