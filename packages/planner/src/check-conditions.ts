import type { Plan } from "@moult/model";
import {
  QueryError,
  conditionsIn,
  matchesContext,
  parseConditions,
  type Condition,
  type ContextName,
  type ContextTexts,
  type Query,
} from "@moult/query";
import type { PlanFinding } from "./check-plan.ts";

/** What a plan's conditions do not achieve. Circumstances have few values, so all that a device could say is tried. */
export function checkConditions({
  conditions,
}: Pick<Plan, "conditions">): readonly ConditionsFinding[] {
  if (conditions === undefined) return [];
  const query = parsed(conditions);
  if (query instanceof QueryError)
    return [{ kind: "conditions-invalid", sentence: query.sentence }];
  let isEverMet = false;
  let isEverUnmet = false;
  for (const context of allContexts(conditionsIn(query))) {
    if (matchesContext(query, context)) isEverMet = true;
    else isEverUnmet = true;
    if (isEverMet && isEverUnmet) return [];
  }
  return isEverMet
    ? [{ kind: "conditions-always", conditions }]
    : [{ kind: "conditions-never", conditions }];
}

type ConditionsFinding = Extract<PlanFinding, { kind: `conditions-${string}` }>;

function parsed(conditions: string): Query | QueryError {
  try {
    return parseConditions(conditions);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
}

/** All that a device could say of what is asked, that it says nothing of it included. */
function* allContexts(
  asked: readonly Condition[],
  said: ContextTexts = {},
): Generator<ContextTexts, void> {
  const [first] = asked;
  if (first === undefined) {
    yield said;
    return;
  }
  const { field } = first;
  const name = field.name as ContextName;
  const rest = asked.filter((each) => each.field.name !== name);
  yield* allContexts(rest, said);
  for (const text of valuesAsked(asked, name)) yield* allContexts(rest, { ...said, [name]: text });
}

const EVERY_PERCENT = Array.from({ length: 101 }, (_, percent) => percent);

/** Values between which no condition tells apart are tried once. */
function valuesAsked(asked: readonly Condition[], name: ContextName): readonly string[] {
  if (name !== "batteryPercent") return ["true", "false"];
  const values = asked.filter(({ field }) => field.name === name).map(({ value }) => value);
  if (values.some(({ length }) => length > 1)) return EVERY_PERCENT.map(String);
  const near = values.flatMap(([text]) => [Number(text) - 1, Number(text), Number(text) + 1]);
  return [...new Set(near)].filter((percent) => percent >= 0 && percent <= 100).map(String);
}
