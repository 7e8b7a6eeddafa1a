import type { GroupId } from "./ids.ts";
import type { Failure } from "./outcome.ts";
import type {
  ErrorStop,
  OnTrip,
  Plan,
  Ramp,
  Stage,
  StageAdvance,
  StageApprovals,
  StageSize,
} from "./plan.ts";

/** What a group is called, where that is known. */
export type GroupName = (groupId: GroupId) => string | undefined;

/** `all`, `10 %`, `50 devices`, `the group lab`: how far a stage reaches. */
export function sizeWords(size: StageSize, groupName?: GroupName): string {
  if ("remaining" in size || ("percent" in size && size.percent === 100)) return "all";
  if ("percent" in size) return `${size.percent} %`;
  if ("groupId" in size) return `the group ${groupName?.(size.groupId) ?? size.groupId}`;
  if ("query" in size) return `those of which it is true: ${size.query}`;
  return size.count === 1 ? "1 device" : `${size.count} devices`;
}

/** `Stage 2`, or `Stage 2 (canaries)` where it has a name. */
export const stageWords = (index: number, stage: Pick<Stage, "name"> | undefined): string =>
  `Stage ${index + 1}${stage?.name === undefined ? "" : ` (${stage.name})`}`;

/** What must hold before the next stage, after "next stage": `when 90 % succeeded, 2 h after it opened or later`. */
export function advanceWords(advance: StageAdvance): string {
  const { successPercent, afterSeconds, maxWaitSeconds, manual } = advance;
  return [
    `when ${successPercent} % succeeded`,
    ...(maxWaitSeconds === undefined
      ? []
      : [`after ${secondsWords(maxWaitSeconds)} without those that were not reached`]),
    ...(afterSeconds === undefined
      ? []
      : [`${secondsWords(afterSeconds)} or more after it opened`]),
    ...(manual === true ? ["and a person opens it"] : []),
  ].join(", ");
}

/** What a plan limits beside the devices that are in the update: `at most 10 started in any minute`. */
export const flowWords = ({
  perMinute,
  perSite,
  bytesPerDay,
}: Plan["limits"]): readonly string[] => [
  ...(perMinute === undefined ? [] : [`at most ${perMinute} started in any minute`]),
  ...(bytesPerDay === undefined
    ? []
    : [`at most ${bytesWords(bytesPerDay)} of artifacts offered in any 24 hours`]),
  ...(perSite === undefined
    ? []
    : [`at most ${perSite.concurrentMax} at a time with the same ${perSite.attribute}`]),
];

/** `at most 5 started in any minute at first, 2 times as many after each 100 that succeeded, up to 500`. */
export function rampWords({ perMinute, factor, every, perMinuteMax }: Ramp): string {
  const each =
    "succeeded" in every
      ? `${every.succeeded} that succeeded`
      : `${every.offered} that were offered it`;
  return `at most ${perMinute} started in any minute at first, ${factor} times as many after each ${each}, up to ${perMinuteMax}`;
}

/** Who must have approved a stage before it opens: `2 people`, `2 of ada@example.org, bob@example.org`. */
export function approvalsWords({ required, from }: StageApprovals): string {
  if (from !== undefined && from.length === required) return from.join(" and ");
  if (from !== undefined) return `${required} of ${from.join(", ")}`;
  return required === 1 ? "1 other person" : `${required} other people`;
}

/** When a try of a device ends by its phase, in the order of the phases: `does not begin within 1 h`. */
export const phaseTimeoutWords = (timeouts: Plan["timeouts"]): readonly string[] =>
  PHASE_WORDS.flatMap(([name, words]) => {
    const limit = timeouts[name];
    return limit === undefined ? [] : [`${words} ${secondsWords(limit)}`];
  });

const PHASE_WORDS = [
  ["queuedSeconds", "does not begin within"],
  ["downloadSeconds", "downloads for more than"],
  ["installSeconds", "installs for more than"],
  ["confirmSeconds", "is not proven within"],
] as const;

/** When a stage stops its deployment, after "stops itself". */
export function errorStopWords({ count, percent, sampleMin, kinds }: ErrorStop): string {
  const whom = kinds === undefined ? "failed" : kinds.map((kind) => KIND_WORDS[kind]).join(" or ");
  const parts = [
    ...(count === undefined ? [] : [`${count} ${whom}`]),
    ...(percent === undefined
      ? []
      : [`${percent} % ${whom}${sampleMin === undefined ? "" : ` of at least ${sampleMin}`}`]),
  ];
  return `at ${parts.join(", or ")}`;
}

/** What it does when it stops itself. */
export function onTripWords(onTrip: OnTrip): string {
  return typeof onTrip === "string"
    ? ON_TRIP_WORDS[onTrip]
    : "devices that were updated are rolled back to a named release";
}

const ON_TRIP_WORDS: Readonly<Record<Extract<OnTrip, string>, string>> = {
  pause: "nobody else starts; who has it goes on",
  "cancel-queued": "nobody else starts; who has not begun to install gives it up",
  "cancel-all": "nobody else starts; who installs gives it up where it still can",
  "roll-back": "devices that were updated are rolled back to what each ran before",
};

const KIND_WORDS: Readonly<Record<Failure, string>> = {
  failed: "failed",
  "rolled-back": "rolled back",
  rejected: "refused",
  "timed-out": "timed out",
  silent: "silent",
};

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `20 GB`, `1.544 MB`: powers of a thousand, four digits of it. */
export function bytesWords(bytes: number): string {
  const unit = BYTE_UNITS.findLastIndex((_, index) => bytes >= 1_000 ** index);
  const value = bytes / 1_000 ** Math.max(0, unit);
  return `${Number(value.toPrecision(4))} ${BYTE_UNITS[Math.max(0, unit)] ?? "B"}`;
}

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
] as const;

/** `2 h`, `90 min`: in the largest unit that it is a whole number of. */
export function secondsWords(seconds: number): string {
  const [unit, name] = UNITS.find(([each]) => seconds % each === 0 && seconds >= each) ?? [1, "s"];
  return `${seconds / unit} ${name}`;
}
