import { orderKey } from "./order-key.ts";
import type { Condition, Field, Operator, Pattern, Query, QueryFacts } from "./query.ts";

/** Whether the query is true of the device. Costs at most the query's conditions times the length of what they look at. */
export function matches(query: Query, facts: QueryFacts): boolean {
  switch (query.kind) {
    case "and":
      return query.parts.every((part) => matches(part, facts));
    case "or":
      return query.parts.some((part) => matches(part, facts));
    case "not":
      return !matches(query.part, facts);
    case "condition":
      return holds(query, facts);
  }
}

function holds({ field, operator, value }: Condition, facts: QueryFacts): boolean {
  const texts = textsOf(field, facts);
  switch (operator) {
    case "=":
      return texts.some((text) => fits(value, text));
    case "!=":
      return texts.length > 0 && !texts.some((text) => fits(value, text));
    case "<":
    case "<=":
    case ">":
    case ">=":
      return texts.some((text) => stands(orderKey(text), operator, orderKey(value[0])));
  }
}

/** What the device has under that name: nothing, one text, or the names of its groups. */
function textsOf(field: Field, facts: QueryFacts): readonly string[] {
  if (field.kind !== "fact") {
    const attributes = facts[field.kind];
    const text = Object.hasOwn(attributes, field.name) ? attributes[field.name] : undefined;
    return text === undefined ? [] : [text];
  }
  if (field.name === "group") return facts.group;
  const text = facts[field.name];
  return text === null ? [] : [text];
}

function stands(key: string, operator: Exclude<Operator, "=" | "!=">, than: string): boolean {
  switch (operator) {
    case "<":
      return key < than;
    case "<=":
      return key <= than;
    case ">":
      return key > than;
    case ">=":
      return key >= than;
  }
}

/** Whether the whole text fits: each part is taken where it first comes, which leaves the most for those after it. */
export function fits(pattern: Pattern, text: string): boolean {
  const [first, ...rest] = pattern;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
