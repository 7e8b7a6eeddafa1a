import {
  Failure,
  Plan,
  textOfWindow,
  windowFromText,
  type ErrorStop,
  type OnTrip,
  type Stage,
  type StageSize,
} from "@moult/model";

export type OnTripKind = Extract<OnTrip, string> | "roll-back-to";
export type SizeKind = "percent" | "count" | "remaining";
/** `as-given`: a choice of ends that the form has no word for. */
export type StopKinds = "all" | "reported" | "as-given";

/** A plan as it stands in the form: text, so that a number can be half typed. */
export interface StageDraft {
  readonly sizeKind: SizeKind;
  /** A percentage or a number of devices. */
  readonly size: string;
  readonly successPercent: string;
  readonly afterHours: string;
  readonly maxWaitHours: string;
  readonly isManual: boolean;
  readonly stopCount: string;
  readonly stopPercent: string;
  readonly sampleMin: string;
  readonly stopKinds: StopKinds;
  readonly kinds: readonly Failure[];
}

export interface PlanDraft {
  readonly stages: readonly StageDraft[];
  readonly concurrentMax: string;
  readonly perMinute: string;
  readonly attemptsMax: string;
  readonly backoffMinutes: string;
  /** Codes, separated by commas. */
  readonly retryOn: string;
  readonly neverOn: string;
  readonly silenceHours: string;
  readonly onTrip: OnTripKind;
  /** A window a line. */
  readonly windows: string;
  /** The id of a release, of `roll-back-to`. */
  readonly rollBackTo: string;
}

/** What is wrong where, by the field's path: "stages.0.size.percent". */
export type PlanProblems = ReadonlyMap<string, string>;

export interface ReadPlan {
  readonly plan: Plan | undefined;
  readonly problems: PlanProblems;
}

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
/** What a device says itself; that nothing is heard of it is the server's guess. */
const REPORTED: readonly Failure[] = ["failed", "rolled-back", "rejected"];

const numberOf = (text: string): number | undefined => {
  const trimmed = text.trim().replace(",", ".");
  return trimmed === "" ? undefined : Number(trimmed);
};

const secondsOf = (text: string, unitSeconds: number): number | undefined => {
  const value = numberOf(text);
  return value === undefined ? undefined : Math.round(value * unitSeconds);
};

const codesOf = (text: string): readonly string[] | undefined => {
  const codes = text.split(",").flatMap((code) => (code.trim() === "" ? [] : [code.trim()]));
  return codes.length === 0 ? undefined : codes;
};

function windowsOf(text: string): readonly unknown[] | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? undefined : lines.map((line) => windowFromText(line));
}

function stageOf(draft: StageDraft) {
  const { size, sizeKind, stopCount, stopPercent, sampleMin } = draft;
  const stop = {
    count: numberOf(stopCount),
    percent: numberOf(stopPercent),
    sampleMin: numberOf(stopPercent) === undefined ? undefined : numberOf(sampleMin),
    kinds: kindsOf(draft),
  };
  const hasStop = stop.count !== undefined || stop.percent !== undefined;
  return {
    size: sizeKind === "remaining" ? { remaining: true } : { [sizeKind]: numberOf(size) },
    advance: withoutEmpty({
      successPercent: numberOf(draft.successPercent) ?? Number.NaN,
      afterSeconds: secondsOf(draft.afterHours, HOUR_SECONDS),
      maxWaitSeconds: secondsOf(draft.maxWaitHours, HOUR_SECONDS),
      manual: draft.isManual ? true : undefined,
    }),
    ...(hasStop ? { errorStop: withoutEmpty(stop) } : {}),
  };
}

function kindsOf({ stopKinds, kinds }: StageDraft): readonly Failure[] | undefined {
  if (stopKinds === "all") return undefined;
  return stopKinds === "reported" ? REPORTED : kinds;
}

const withoutEmpty = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));

/** The plan that a form says, by the model's own rules. */
export function readPlan(draft: PlanDraft): ReadPlan {
  const read = Plan.safeParse({
    stages: draft.stages.map(stageOf),
    limits: withoutEmpty({
      concurrentMax: numberOf(draft.concurrentMax) ?? Number.NaN,
      perMinute: numberOf(draft.perMinute),
    }),
    retry: withoutEmpty({
      attemptsMax: numberOf(draft.attemptsMax) ?? Number.NaN,
      backoffSeconds: secondsOf(draft.backoffMinutes, MINUTE_SECONDS),
      retryOn: codesOf(draft.retryOn),
      neverOn: codesOf(draft.neverOn),
    }),
    onTrip:
      draft.onTrip === "roll-back-to" ? { rollBackTo: draft.rollBackTo.trim() } : draft.onTrip,
    windows: windowsOf(draft.windows),
    timeouts: { silenceSeconds: secondsOf(draft.silenceHours, HOUR_SECONDS) ?? Number.NaN },
  });
  if (read.success) return { plan: read.data, problems: new Map() };
  const problems = new Map<string, string>();
  for (const { path, message } of read.error.issues) {
    const field = path.join(".");
    if (!problems.has(field)) problems.set(field, message);
  }
  return { plan: undefined, problems };
}

const textOf = (value: number | undefined): string => (value === undefined ? "" : String(value));

const inUnits = (seconds: number | undefined, unitSeconds: number): string =>
  seconds === undefined || seconds === 0 ? "" : textOf(seconds / unitSeconds);

export function planDraft(plan: Plan): PlanDraft {
  const { retry } = plan;
  return {
    stages: plan.stages.map(stageDraft),
    concurrentMax: textOf(plan.limits.concurrentMax),
    perMinute: textOf(plan.limits.perMinute),
    attemptsMax: textOf(retry.attemptsMax),
    backoffMinutes: inUnits(retry.backoffSeconds, MINUTE_SECONDS),
    retryOn: (retry.retryOn ?? []).join(", "),
    neverOn: (retry.neverOn ?? []).join(", "),
    silenceHours: inUnits(plan.timeouts.silenceSeconds, HOUR_SECONDS),
    onTrip: typeof plan.onTrip === "string" ? plan.onTrip : "roll-back-to",
    windows: (plan.windows ?? []).map((window) => textOfWindow(window)).join("\n"),
    rollBackTo: typeof plan.onTrip === "string" ? "" : plan.onTrip.rollBackTo,
  };
}

function stageDraft({ size, advance, errorStop }: Stage): StageDraft {
  return {
    ...sizeDraft(size),
    successPercent: textOf(advance.successPercent),
    afterHours: inUnits(advance.afterSeconds, HOUR_SECONDS),
    maxWaitHours: inUnits(advance.maxWaitSeconds, HOUR_SECONDS),
    isManual: advance.manual === true,
    stopCount: textOf(errorStop?.count),
    stopPercent: textOf(errorStop?.percent),
    sampleMin: textOf(errorStop?.sampleMin),
    stopKinds: stopKindsOf(errorStop),
    kinds: errorStop?.kinds ?? [],
  };
}

function sizeDraft(size: StageSize): Pick<StageDraft, "sizeKind" | "size"> {
  if ("percent" in size) return { sizeKind: "percent", size: textOf(size.percent) };
  if ("count" in size) return { sizeKind: "count", size: textOf(size.count) };
  return { sizeKind: "remaining", size: "" };
}

function stopKindsOf(stop: ErrorStop | undefined): StopKinds {
  const kinds = new Set(stop?.kinds ?? Failure.options);
  if (kinds.size === Failure.options.length) return "all";
  const isReported = kinds.size === REPORTED.length && REPORTED.every((kind) => kinds.has(kind));
  return isReported ? "reported" : "as-given";
}

/** One more stage, half way between the last two, as careful as the one before it. */
export function withStage(draft: PlanDraft): PlanDraft {
  const last = draft.stages.at(-1);
  if (last === undefined) return draft;
  const before = draft.stages.findLast(({ sizeKind }) => sizeKind === "percent");
  const from = before === undefined || before === last ? 0 : Number(before.size);
  const half = Math.max(1, Math.round((from + 100) / 2));
  const added: StageDraft = { ...last, sizeKind: "percent", size: String(half) };
  return { ...draft, stages: [...draft.stages.slice(0, -1), added, last] };
}

export const withoutStage = (draft: PlanDraft, index: number): PlanDraft => ({
  ...draft,
  stages: draft.stages.filter((_, at) => at !== index),
});

export const withStageChanged = (
  draft: PlanDraft,
  index: number,
  change: Partial<StageDraft>,
): PlanDraft => ({
  ...draft,
  stages: draft.stages.map((stage, at) => (at === index ? { ...stage, ...change } : stage)),
});
