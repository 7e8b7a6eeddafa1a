import { Plan } from "@moult/model";

/** A plan as it stands in the form: text, so that a number can be half typed. */
export interface StageDraft {
  readonly percent: string;
  readonly advanceAtPercent: string;
  readonly stopCount: string;
  readonly stopPercent: string;
  readonly sampleMin: string;
}

export interface PlanDraft {
  readonly stages: readonly StageDraft[];
  readonly concurrentMax: string;
  readonly attemptsMax: string;
  readonly timeoutHours: string;
}

/** What is wrong where, by the field's path: "stages.0.percent". */
export type PlanProblems = ReadonlyMap<string, string>;

export interface ReadPlan {
  readonly plan: Plan | undefined;
  readonly problems: PlanProblems;
}

const HOUR_SECONDS = 3_600;

const numberOf = (text: string): number | undefined => {
  const trimmed = text.trim().replace(",", ".");
  return trimmed === "" ? undefined : Number(trimmed);
};

function stageOf({ percent, advanceAtPercent, stopCount, stopPercent, sampleMin }: StageDraft) {
  const stop = {
    count: numberOf(stopCount),
    percent: numberOf(stopPercent),
    sampleMin: numberOf(stopPercent) === undefined ? undefined : numberOf(sampleMin),
  };
  const hasStop = stop.count !== undefined || stop.percent !== undefined;
  return {
    percent: numberOf(percent),
    advanceAtPercent: numberOf(advanceAtPercent),
    ...(hasStop ? { errorStop: withoutEmpty(stop) } : {}),
  };
}

const withoutEmpty = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));

/** The plan that a form says, by the model's own rules. */
export function readPlan(draft: PlanDraft): ReadPlan {
  const hours = numberOf(draft.timeoutHours);
  const read = Plan.safeParse({
    stages: draft.stages.map(stageOf),
    concurrentMax: numberOf(draft.concurrentMax) ?? Number.NaN,
    attemptsMax: numberOf(draft.attemptsMax) ?? Number.NaN,
    assignmentTimeoutSeconds: Math.round((hours ?? Number.NaN) * HOUR_SECONDS),
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

export function planDraft(plan: Plan): PlanDraft {
  return {
    stages: plan.stages.map(({ percent, advanceAtPercent, errorStop }) => ({
      percent: textOf(percent),
      advanceAtPercent: textOf(advanceAtPercent),
      stopCount: textOf(errorStop?.count),
      stopPercent: textOf(errorStop?.percent),
      sampleMin: textOf(errorStop?.sampleMin),
    })),
    concurrentMax: textOf(plan.concurrentMax),
    attemptsMax: textOf(plan.attemptsMax),
    timeoutHours: textOf(plan.assignmentTimeoutSeconds / HOUR_SECONDS),
  };
}

/** One more stage, half way between the last two, as careful as the one before it. */
export function withStage(draft: PlanDraft): PlanDraft {
  const last = draft.stages.at(-1);
  if (last === undefined) return draft;
  const before = Number(draft.stages.at(-2)?.percent ?? 0);
  const half = Math.max(1, Math.round((before + 100) / 2));
  return {
    ...draft,
    stages: [...draft.stages.slice(0, -1), { ...last, percent: String(half) }, last],
  };
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
