import { DeviceState, DeviceTrustLevel } from "@moult/model";

/**
 * Which devices, as a tree. The language is a subset of Google's AIP-160 (docs/decisions/0016). Every condition is true or
 * false of a device, never unknown: a condition on something that the device does not have is false, whatever its
 * operator, and NOT turns true and false over. So `x != a` asks for devices that have an `x`, and `NOT x = a` is true of those
 * without one as well.
 */
export type Query =
  | { readonly kind: "and"; readonly parts: readonly Query[] }
  | { readonly kind: "or"; readonly parts: readonly Query[] }
  | { readonly kind: "not"; readonly part: Query }
  | Condition;

export interface Condition {
  readonly kind: "condition";
  readonly field: Field;
  readonly operator: Operator;
  readonly value: Pattern;
}

/**
 * One of the device's own facts, or an attribute by its name, which may be any text; or one of its circumstances, which only a plan's
 * conditions ask for.
 */
export type Field =
  | { readonly kind: "fact"; readonly name: FactName }
  | { readonly kind: "context"; readonly name: ContextName }
  | { readonly kind: "identity"; readonly name: string }
  | { readonly kind: "inventory"; readonly name: string };

/** `=` and `!=` compare whole texts, in which `*` stands for any; the others compare in the order of `orderKey`. */
export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** A text, cut at each wildcard: one part is that text exactly, `["a", ""]` begins with "a", `["", ""]` is any text. */
export type Pattern = readonly [string, ...string[]];

/**
 * What can be asked of every device. Not whether it is in contact: that changes by the clock alone, and a group's devices are
 * decided anew only when something is written down about them.
 */
export const FACT_NAMES = [
  "id",
  "name",
  "product",
  "hardwareType",
  "state",
  "running",
  "group",
  "client",
  "trust",
] as const;
export type FactName = (typeof FACT_NAMES)[number];

/** What a device may say of its circumstances. `unknown`: that some of them could not be found out. */
export const CONTEXT_NAMES = [
  "busy",
  "driving",
  "metered",
  "onPower",
  "batteryPercent",
  "unknown",
] as const;
export type ContextName = (typeof CONTEXT_NAMES)[number];

/** Of those that it said, as texts. */
export type ContextTexts = Readonly<Partial<Record<ContextName, string>>>;

/** What a query is asked about. `null`: the device has none. */
export interface QueryFacts {
  readonly id: string;
  readonly name: string | null;
  readonly product: string;
  readonly hardwareType: string;
  readonly state: DeviceState;
  /** Name of the artifact that it runs. */
  readonly running: string | null;
  /** Names of the groups that it was put into; groups by query are none of them, so no query depends on another. */
  readonly group: readonly string[];
  readonly client: string | null;
  readonly trust: DeviceTrustLevel["level"];
  readonly identity: Readonly<Record<string, string>>;
  readonly inventory: Readonly<Record<string, string>>;
}

/** What a fact with a closed set of values can be compared with. */
const VALUES_OF: Readonly<Partial<Record<FactName, readonly string[]>>> = {
  state: DeviceState.options,
  trust: DeviceTrustLevel.shape.level.options,
};

const YES_OR_NO = ["true", "false"];
const PERCENTS = Array.from({ length: 101 }, (_, percent) => String(percent));

/** The values that a field can be compared with; undefined: any. */
export function valuesOf({ kind, name }: Field): readonly string[] | undefined {
  if (kind === "context") return name === "batteryPercent" ? PERCENTS : YES_OR_NO;
  return kind === "fact" ? VALUES_OF[name] : undefined;
}

/** What has an order; other texts are equal or not. */
export const isOrdered = ({ kind, name }: Field): boolean =>
  kind === "inventory" ||
  (kind === "fact" && name === "running") ||
  (kind === "context" && name === "batteryPercent");

/** Longest query, in characters (UTF-16 units). */
export const QUERY_LENGTH_MAX = 2_048;
/** Each costs the database a look-up for every device. */
export const CONDITIONS_MAX = 32;
/** Parentheses and NOT within each other. */
export const DEPTH_MAX = 16;
/** More of them in one value make matching slow on the databases. */
export const WILDCARDS_MAX = 4;

/** The conditions of a query, in the order in which they are written. */
export function conditionsIn(query: Query): readonly Condition[] {
  switch (query.kind) {
    case "and":
    case "or":
      return query.parts.flatMap(conditionsIn);
    case "not":
      return conditionsIn(query.part);
    case "condition":
      return [query];
  }
}
