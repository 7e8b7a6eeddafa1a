import type { Condition, Field, Pattern, Query } from "./query.ts";
import { isPlainName, isPlainValue } from "./words.ts";

/** The query as one text, always the same for the same tree; parsed again it is the same tree. */
export function printQuery(query: Query): string {
  switch (query.kind) {
    case "and":
    case "or":
      return query.parts.map(within).join(query.kind === "and" ? " AND " : " OR ");
    case "not":
      return `NOT ${within(query.part)}`;
    case "condition":
      return printCondition(query);
  }
}

/** AND and OR within something else stand in parentheses, always. */
const within = (query: Query): string =>
  query.kind === "and" || query.kind === "or" ? `(${printQuery(query)})` : printQuery(query);

function printCondition({ field, operator, value }: Condition): string {
  const isPresence = operator === "=" && value.length === 2 && value.every((part) => part === "");
  return isPresence
    ? `${printField(field)}:*`
    : `${printField(field)} ${operator} ${printValue(value)}`;
}

function printField(field: Field): string {
  if (field.kind === "fact") return field.name;
  return `${field.kind}.${isPlainName(field.name) ? field.name : quoted([field.name])}`;
}

const printValue = (value: Pattern): string =>
  value.every((part) => !part.includes("*")) && isPlainValue(value.join("*"))
    ? value.join("*")
    : quoted(value);

const quoted = (value: Pattern): string =>
  `"${value.map((part) => part.replaceAll(/["\\*]/g, String.raw`\$&`)).join("*")}"`;
