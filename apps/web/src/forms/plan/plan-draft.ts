import { bytesWords, Plan, secondsWords } from "@moult/model";
import type * as z from "zod";

/**
 * A plan while somebody writes it: its JSON, and where something is no number yet, the text that was typed. So the form,
 * the JSON beside it and the model have one shape, and what the form has no field for stays as it is.
 */
export type PlanDraft = Readonly<Record<string, unknown>>;

/** What is wrong where, by the field's path: "stages.0.size.percent". */
export type PlanProblems = ReadonlyMap<string, string>;

export interface ReadPlan {
  readonly plan: Plan | undefined;
  readonly problems: PlanProblems;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The plan that a draft says, by the model's own rules. */
export function readPlan(draft: PlanDraft): ReadPlan {
  const read = Plan.safeParse(draft);
  if (read.success) return { plan: read.data, problems: new Map() };
  const problems = new Map<string, string>();
  for (const issue of read.error.issues.flatMap(nearest)) {
    const field = issue.path.join(".");
    if (!problems.has(field)) problems.set(field, problemText(issue));
  }
  return { plan: undefined, problems };
}

type Issue = z.core.$ZodIssue;

/** Of a choice of shapes, what is wrong with the one that was meant: where only a value is, and no field. */
function nearest(issue: Issue): readonly Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((issues) => issues.length > 0 && issues.every(isOfValue));
  return (meant ?? []).length === 0
    ? [issue]
    : (meant ?? []).flatMap((inner) =>
        nearest({ ...inner, path: [...issue.path, ...inner.path] } as Issue),
      );
}

const isOfValue = ({ code, path, ...rest }: Issue): boolean =>
  path.length > 0 &&
  (code === "too_small" ||
    code === "too_big" ||
    (code === "invalid_type" && !/received undefined/.test(rest.message)));

/** In the words of the form; the model's own where it has a sentence of its own. */
function problemText(issue: Issue): string {
  if (issue.code === "unrecognized_keys") return `Not part of a plan: ${issue.keys.join(", ")}.`;
  if (issue.code === "invalid_type") {
    if (issue.expected === "int") return "Write a whole number.";
    return issue.expected === "number" ? "Write a number." : "This is missing or of another kind.";
  }
  if (issue.code !== "too_small" && issue.code !== "too_big") return issue.message;
  if (issue.origin !== "number" && issue.origin !== "int")
    return issue.code === "too_small" ? "This is missing." : `At most ${issue.maximum} of them.`;
  if (issue.code === "too_big") return `At most ${boundText(issue.path, issue.maximum)}.`;
  const bound = boundText(issue.path, issue.minimum);
  return issue.inclusive === false ? `More than ${bound}.` : `At least ${bound}.`;
}

/** Times are seconds, and sizes bytes, in the model alone. */
function boundText(path: readonly PropertyKey[], bound: number | bigint): string {
  const name = String(path.at(-1));
  if (name.endsWith("Seconds")) return secondsWords(Number(bound));
  return name.startsWith("bytes") ? bytesWords(Number(bound)) : bound.toLocaleString("en");
}

const stepsOf = (path: string): readonly string[] => (path === "" ? [] : path.split("."));

export function valueAt(draft: unknown, path: string): unknown {
  let value = draft;
  for (const step of stepsOf(path)) {
    if (Array.isArray(value)) value = (value as readonly unknown[])[Number(step)];
    else if (isObject(value)) value = value[step];
    else return undefined;
  }
  return value;
}

/** The draft with one value changed; `undefined` takes the field away. */
export function withValueAt(draft: PlanDraft, path: string, value: unknown): PlanDraft {
  return changed(draft, stepsOf(path), value) as PlanDraft;
}

function changed(whole: unknown, [step, ...steps]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(whole)) {
    const items = whole as readonly unknown[];
    return items.map((item, index) =>
      index === Number(step) ? changed(item, steps, value) : item,
    );
  }
  const { [step]: before, ...others } = isObject(whole) ? whole : {};
  const next = changed(before, steps, value);
  if (next === undefined) return others;
  // A field keeps its place: the JSON beside the form does not jump.
  return isObject(whole) && step in whole
    ? { ...whole, [step]: next }
    : { ...others, [step]: next };
}

/** Text of a field: a number where it is one; a comma is a decimal point too. */
export function numberOrText(text: string): number | string {
  const trimmed = text.trim().replace(",", ".");
  return /^-?\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

export const stagesOf = (draft: PlanDraft): readonly unknown[] => {
  const stages = draft["stages"];
  return Array.isArray(stages) ? (stages as readonly unknown[]) : [];
};

/** One more stage before the last one: half way to it, as careful as the one before. */
export function withStage(draft: PlanDraft): PlanDraft {
  const stages = stagesOf(draft);
  const reached = stages
    .slice(0, -1)
    .map((stage) => valueAt(stage, "size.percent"))
    .findLast((percent) => typeof percent === "number");
  const like = stages.at(-2) ?? stages.at(-1);
  const said = (["advance", "errorStop"] as const).flatMap((name) => {
    const value = valueAt(like, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const added = {
    size: { percent: stages.length < 2 ? 10 : Math.round(((reached ?? 0) + 100) / 2) },
    ...Object.fromEntries(said),
  };
  return { ...draft, stages: [...stages.slice(0, -1), added, ...stages.slice(-1)] };
}

export const withoutStage = (draft: PlanDraft, index: number): PlanDraft => ({
  ...draft,
  stages: stagesOf(draft).filter((_, other) => other !== index),
});
