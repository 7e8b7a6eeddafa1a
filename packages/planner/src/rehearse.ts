import type { DeploymentRehearsal, DeploymentState, Plan, Tally } from "@moult/model";
import { counted, devices, numberText } from "./counted.ts";
import { deploymentStep } from "./deployment-transitions.ts";
import { failuresOf } from "./stage-gate.ts";
import { lastStage, placesTaken } from "./stage-share.ts";

/** What a rehearsal counts on. */
export interface RehearsalFacts {
  readonly state: DeploymentState;
  readonly stage: number;
  readonly plan: Plan;
  readonly version: string;
  readonly tally: Tally;
  /** How many devices each stage adds. */
  readonly stageDevices: readonly number[];
  /** Of those in the update: how many have not begun to install. */
  readonly beforeInstall: number;
  /** What the next stage waits for. */
  readonly nextStage: string | null;
  /** How many wait for their next try. */
  readonly retrying: number;
}

const IMPOSSIBLE: Readonly<Record<DeploymentState, string>> = {
  running: "It is running already.",
  paused: "It is paused already.",
  tripped: "It has stopped itself already: nobody starts.",
  finished: "It is finished; there is nothing left to change.",
  aborted: "It was aborted, for good.",
};

/** What an operator may do with a deployment. */
export type RehearsedAction = "pause" | "resume" | "abort" | "advance";

/** What would happen, and what would not, in plain words with numbers. */
export function rehearse(action: RehearsedAction, facts: RehearsalFacts): DeploymentRehearsal {
  const { sentences, button } = REHEARSALS[action](facts);
  const impossible = whyImpossible(action, facts);
  return { isPossible: impossible === null, sentence: impossible ?? sentences.join(" "), button };
}

function whyImpossible(
  action: RehearsedAction,
  { state, stage, plan }: RehearsalFacts,
): string | null {
  if (action !== "advance")
    return deploymentStep(state, action) === null ? IMPOSSIBLE[state] : null;
  if (state !== "running")
    return state === "paused" ? "It is paused; resume it first." : IMPOSSIBLE[state];
  return stage === lastStage(plan) ? "It is in its last stage." : null;
}

interface Rehearsal {
  readonly sentences: readonly string[];
  readonly button: string;
}

const REHEARSALS: Readonly<Record<RehearsedAction, (facts: RehearsalFacts) => Rehearsal>> = {
  pause,
  resume,
  abort,
  advance,
};

const notStarted = ({ tally }: RehearsalFacts): number =>
  Math.max(0, tally.eligible - placesTaken(tally));

function pause(facts: RehearsalFacts): Rehearsal {
  const { open } = facts.tally;
  const waiting = notStarted(facts);
  return {
    button: "Pause",
    sentences: [
      open === 0
        ? "No device is in the update now."
        : `${devices(open, "that is in the update finishes it", "that are in the update finish it")}, and failures still count.`,
      waiting === 0
        ? "Nobody else was going to start."
        : `Nobody else starts: ${devices(waiting, "waits", "wait")} until you resume.`,
      ...retrySentence(
        facts,
        "waits for its next try until then",
        "wait for their next try until then",
      ),
    ],
  };
}

const shareUpTo = ({ stageDevices }: RehearsalFacts, stage: number): number =>
  stageDevices.slice(0, stage + 1).reduce((sum, count) => sum + count, 0);

function resume(facts: RehearsalFacts): Rehearsal {
  const { state, stage, plan, tally } = facts;
  const failed = failuresOf(tally);
  const share = shareUpTo(facts, stage);
  const places = Math.max(0, share - placesTaken(tally));
  const where = plan.stages.length === 1 ? "" : ` at stage ${stage + 1} of ${plan.stages.length}`;
  return {
    button: "Resume",
    sentences: [
      places === 0
        ? `It goes on${where}; no further device of this stage is left to start.`
        : `It goes on${where}: up to ${devices(places, "may start", "may start")}, at most ${numberText(plan.limits.concurrentMax)} at a time.`,
      ...(failed === 0
        ? []
        : [
            `The ${counted(failed, "failure")} so far no longer ${failed === 1 ? "counts" : "count"} against its limit${state === "tripped" ? "; new ones do" : ""}.`,
          ]),
      ...retrySentence(facts, "may take its next try", "may take their next try"),
    ],
  };
}

function advance(facts: RehearsalFacts): Rehearsal {
  const { stage, plan, tally, nextStage } = facts;
  const share = shareUpTo(facts, stage + 1);
  const places = Math.max(0, share - placesTaken(tally));
  const failed = failuresOf(tally);
  return {
    button: `Open stage ${stage + 2}`,
    sentences: [
      `Stage ${stage + 2} of ${plan.stages.length} opens now: up to ${counted(places, "more device")} may start, at most ${numberText(plan.limits.concurrentMax)} at a time.`,
      ...(nextStage === null
        ? []
        : [`Otherwise ${nextStage.charAt(0).toLowerCase()}${nextStage.slice(1)}`]),
      ...(failed === 0 ? [] : [`${devices(failed, "has", "have")} failed so far.`]),
    ],
  };
}

function abort(facts: RehearsalFacts): Rehearsal {
  const { tally, version, beforeInstall } = facts;
  const waiting = notStarted(facts);
  const installing = Math.max(0, tally.open - beforeInstall);
  const done = tally.succeeded + tally.alreadyRunning;
  return {
    button: done === 0 ? "Abort" : `Abort, ${numberText(done)} keep ${version}`,
    sentences: [
      ...(waiting === 0 ? [] : [`${devices(waiting, "never starts", "never start")}.`]),
      ...(beforeInstall === 0
        ? []
        : [
            `${devices(beforeInstall, "has not begun to install: it stops and keeps what it runs", "have not begun to install: they stop and keep what they run")}.`,
          ]),
      ...(installing === 0
        ? []
        : [
            `${devices(installing, "is installing and finishes or rolls back by itself", "are installing and finish or roll back by themselves")}.`,
          ]),
      ...retrySentence(facts, "gets no further try", "get no further try"),
      ...(done === 0
        ? [`No device was updated to ${version} yet.`]
        : [
            `${devices(done, "that runs", "that run")} ${version} ${done === 1 ? "keeps" : "keep"} it: to take it back, roll the deployment back.`,
          ]),
      "It cannot be resumed.",
    ],
  };
}

function retrySentence({ retrying }: RehearsalFacts, one: string, many: string): readonly string[] {
  return retrying === 0
    ? []
    : [`${devices(retrying, `that failed once ${one}`, `that failed once ${many}`)}.`];
}
