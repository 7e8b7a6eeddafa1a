import { isNamedSize, PRIORITY_DEFAULT, PRIORITY_MAX, type Plan, type Stage } from "./plan.ts";
import {
  advanceWords,
  approvalsWords,
  errorStopWords,
  flowWords,
  onTripWords,
  phaseTimeoutWords,
  rampWords,
  secondsWords,
  sizeWords,
  stageWords,
  type GroupName,
} from "./plan-words.ts";
import { modeWords } from "./update-mode.ts";
import { windowLine } from "./window-words.ts";

/** The whole plan, one sentence for each thing that it says. */
export const planSentences = (plan: Plan, groupName?: GroupName): readonly string[] => [
  ...plan.stages.map((stage, index) => stageSentence(stage, index, plan.stages.length, groupName)),
  ...planRules(plan),
];

/** What it says beside its stages. */
export const planRules = (plan: Plan): readonly string[] => [
  ...prioritySentence(plan),
  `${[
    `At most ${countOf(plan.limits.concurrentMax, "device")} are in the update at the same time`,
    ...flowWords(plan.limits),
  ].join(", ")}.`,
  ...(plan.windows ?? []).map((window) => `Window to ${windowLine(window)}.`),
  ...(plan.conditions === undefined ? [] : [`Offered while ${plan.conditions}.`]),
  ...modeSentences(plan),
  retrySentence(plan.retry),
  silenceSentence(plan.timeouts),
  ...phaseSentence(plan),
  `When it stops itself, ${onTripWords(plan.onTrip)}.`,
];

/** Nothing where it is as every plan has it that does not say otherwise. */
const prioritySentence = ({ priority }: Plan): readonly string[] =>
  priority === PRIORITY_DEFAULT
    ? []
    : [
        `Priority ${priority} of ${PRIORITY_MAX}: where a device fits several deployments, the higher one goes first.`,
      ];

/** Nothing where it is as devices expect it. */
const modeSentences = ({ mode, forceAfterSeconds }: Plan): readonly string[] =>
  mode === undefined && forceAfterSeconds === undefined
    ? []
    : [`On an update that waits: ${modeWords(mode, forceAfterSeconds)}.`];

function stageSentence(
  stage: Stage,
  index: number,
  stages: number,
  groupName: GroupName | undefined,
): string {
  const { size, approvals, ramp, errorStop, advance } = stage;
  const words = sizeWords(size, groupName);
  const reach = isNamedSize(size)
    ? index === 0
      ? words
      : `also ${words}`
    : words === "all"
      ? index === 0
        ? "all devices"
        : "all that are left"
      : index === 0
        ? words
        : `up to ${words}`;
  return [
    `${stageWords(index, stage)}: ${reach}.`,
    ...(approvals === undefined ? [] : [`It opens once approved by ${approvalsWords(approvals)}.`]),
    ...(ramp === undefined ? [] : [`Devices start slowly: ${rampWords(ramp)}.`]),
    errorStop === undefined
      ? "Failures do not stop it."
      : `It stops itself ${errorStopWords(errorStop)}.`,
    ...(index + 1 < stages ? [`Stage ${index + 2} opens ${advanceWords(advance)}.`] : []),
  ].join(" ");
}

const silenceSentence = ({ silenceSeconds }: Plan["timeouts"]): string =>
  silenceSeconds === undefined
    ? "A device is given up when it is not heard of for three times its longest pause of the last weeks: after 1 h to 30 d, and 1 d while its habit is not known."
    : `A device that reports nothing for ${secondsWords(silenceSeconds)} is given up.`;

function phaseSentence({ timeouts }: Plan): readonly string[] {
  const words = phaseTimeoutWords(timeouts);
  return words.length === 0 ? [] : [`A try ends when it ${words.join(", or ")}.`];
}

function retrySentence({ attemptsMax, backoffSeconds, retryOn, neverOn }: Plan["retry"]): string {
  if (attemptsMax === 1) return "A device has one try.";
  return `${[
    `A device has ${attemptsMax} tries`,
    ...(backoffSeconds === 0
      ? []
      : [`${secondsWords(backoffSeconds)} apart and twice as long each time`]),
    ...(retryOn === undefined ? [] : [`after ${retryOn.join(" or ")} only`]),
    ...(neverOn === undefined ? [] : [`and no other after ${neverOn.join(" or ")}`]),
  ].join(", ")}.`;
}

const countOf = (count: number, one: string): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : `${one}s`}`;
