import { orderKey } from "./order-key.ts";
import type {
  Condition,
  ContextTexts,
  Field,
  Operator,
  Pattern,
  Query,
  QueryFacts,
} from "./query.ts";

/** Whether the query is true of the device. Costs at most the query's conditions times the length of what they look at. */
export const matches = (query: Query, facts: QueryFacts): boolean =>
  isTrue(query, (field) => textsOf(field, facts));

/** Whether a plan's conditions are true of a device that says this of its circumstances. */
export const matchesContext = (conditions: Query, context: ContextTexts): boolean =>
  isTrue(conditions, ({ kind, name }) => (kind === "context" ? textOf(context[name]) : []));

const textOf = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);

/** What the device has under a name: nothing, one text, or several. */
type Texts = (field: Field) => readonly string[];

function isTrue(query: Query, texts: Texts): boolean {
  switch (query.kind) {
    case "and":
      return query.parts.every((part) => isTrue(part, texts));
    case "or":
      return query.parts.some((part) => isTrue(part, texts));
    case "not":
      return !isTrue(query.part, texts);
    case "condition":
      return holds(query, texts(query.field));
  }
}

function holds({ operator, value }: Condition, texts: readonly string[]): boolean {
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

function textsOf(field: Field, facts: QueryFacts): readonly string[] {
  if (field.kind === "context") return [];
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
