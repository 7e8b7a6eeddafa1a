import fc from "fast-check";
import type { Condition, Field, Pattern, Query, QueryFacts } from "./query.ts";

// Few and awkward texts, so that conditions hold about as often as not.
const TEXTS = [
  "",
  "a",
  "b",
  "A",
  "ab",
  "1.2",
  "1.10",
  "a*b",
  'q"\\',
  "é 😀",
  "AND",
  "-5",
  "__proto__",
  ":",
];
const NAMES = ["os", "a.b", "a b", "NOT", 'x"y', "toString", "*"];

export const text = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ unit: "grapheme", maxLength: 8 }).filter((each) => !each.includes("\0")),
);
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  text.filter((each) => each !== ""),
);

const free = fc.oneof(
  fc
    .constantFrom("id", "name", "product", "hardwareType", "group", "client")
    .map((each) => ({ kind: "fact", name: each }) as Field),
  name.map((each): Field => ({ kind: "identity", name: each })),
);
const ordered = fc.oneof(
  fc.constant<Field>({ kind: "fact", name: "running" }),
  name.map((each): Field => ({ kind: "inventory", name: each })),
);
const closed = fc.oneof(
  fc.record({
    field: fc.constant<Field>({ kind: "fact", name: "state" }),
    value: fc.constantFrom<Pattern>(["accepted"], ["pending"], ["", "ed"]),
  }),
  fc.record({
    field: fc.constant<Field>({ kind: "fact", name: "trust" }),
    value: fc.constantFrom<Pattern>(["unknown"], ["end-to-end"]),
  }),
);

const pattern = fc
  .array(text, { minLength: 1, maxLength: 4 })
  .map(([first = "", ...rest]): Pattern => [first, ...rest]);
const equality = fc.constantFrom("=" as const, "!=" as const);
const order = fc.constantFrom("<" as const, "<=" as const, ">" as const, ">=" as const);

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    kind: fc.constant("condition" as const),
    field: fc.oneof(free, ordered),
    operator: equality,
    value: pattern,
  }),
  fc.record({
    kind: fc.constant("condition" as const),
    field: ordered,
    operator: order,
    value: text.map((each): Pattern => [each]),
  }),
  fc.tuple(closed, equality).map(([both, operator]): Condition => ({
    kind: "condition",
    operator,
    ...both,
  })),
);

export const query: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    condition,
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      parts: fc.array(tie("query"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("not" as const), part: tie("query") }),
  ),
})).query;

const attributes = fc
  .array(fc.tuple(name, text), { maxLength: 4 })
  .map((entries) => Object.fromEntries(entries));

export const facts: fc.Arbitrary<QueryFacts> = fc.record({
  id: text,
  name: fc.option(text),
  product: text,
  hardwareType: text,
  state: fc.constantFrom("pending", "accepted", "rejected", "decommissioned"),
  running: fc.option(text),
  group: fc.array(text, { maxLength: 3 }),
  client: fc.option(text),
  trust: fc.constantFrom("unknown", "end-to-end", "payload-signed", "server-trusted"),
  identity: attributes,
  inventory: attributes,
});
