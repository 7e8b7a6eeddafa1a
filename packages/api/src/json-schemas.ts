import { assert, present } from "@moult/base";
import * as z from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

type Schemas = Readonly<Record<string, z.ZodType>>;
type Components = Readonly<Record<string, JsonSchema>>;

/** Zod schemas as OpenAPI components, and where each one is to be found. */
export interface JsonSchemas {
  readonly components: Components;
  /** A `$ref` to the component that describes `schema` in this direction. */
  readonly refOf: (schema: z.ZodType, direction: "received" | "sent") => JsonSchema;
}

const REF = "#/components/schemas/";
/** What is received may leave out what has a default; what is sent never does. So such a schema is two components. */
const RECEIVED_SUFFIX = "Input";

/**
 * Components for `named` schemas, which may occur in both directions, and for those of single operations.
 * A schema that operations share, and that has no name of its own, is described under the first operation that uses it.
 */
export function jsonSchemas(from: {
  readonly named: Schemas;
  readonly received: Schemas;
  readonly sent: Schemas;
}): JsonSchemas {
  const received = registryOf(from.named, from.received);
  const sent = registryOf(from.named, from.sent);
  const receivedSchemas = convert(received, "input");
  const sentSchemas = convert(sent, "output");
  const splitNames = differing(Object.keys(from.named), receivedSchemas, sentSchemas);

  const receivedName = (name: string): string =>
    splitNames.has(name) ? `${name}${RECEIVED_SUFFIX}` : name;
  const components = Object.fromEntries(
    [
      ...Object.entries(sentSchemas),
      ...Object.entries(receivedSchemas).map(
        ([name, schema]) => [receivedName(name), mapRefs(schema, receivedName)] as const,
      ),
    ].sort(([left], [right]) => (left < right ? -1 : 1)),
  );
  return {
    components: reachable(components, [
      ...Object.values(from.received).map((schema) => receivedName(nameIn(received, schema))),
      ...Object.values(from.sent).map((schema) => nameIn(sent, schema)),
      "Problem",
    ]),
    refOf: (schema, direction) => ({
      $ref:
        REF +
        (direction === "sent" ? nameIn(sent, schema) : receivedName(nameIn(received, schema))),
    }),
  };
}

type Registry = ReturnType<typeof z.registry<{ id: string }>>;

function registryOf(named: Schemas, ofOperations: Schemas): Registry {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of [...Object.entries(named), ...Object.entries(ofOperations)])
    if (!registry.has(schema)) registry.add(schema, { id });
  return registry;
}

const nameIn = (registry: Registry, schema: z.ZodType): string =>
  present(registry.get(schema), "every schema of an operation was registered").id;

function convert(registry: Registry, io: "input" | "output"): Components {
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: (id) => REF + id,
    override: ({ zodSchema, jsonSchema }) => {
      const definition = zodSchema._zod.def;
      // A reply may gain fields: only what was declared strict refuses unknown ones.
      if (definition.type === "object" && definition.catchall === undefined)
        delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _schema, $id: _id, ...rest } = schema;
      return [name, rest];
    }),
  );
}

/** Names whose two directions differ, by themselves or through what they refer to. */
function differing(
  names: readonly string[],
  received: Components,
  sent: Components,
): ReadonlySet<string> {
  const split = new Set(
    names.filter((name) => JSON.stringify(received[name]) !== JSON.stringify(sent[name])),
  );
  let sizeBefore = -1;
  while (split.size !== sizeBefore) {
    sizeBefore = split.size;
    for (const name of names)
      if (refsOf(received[name] ?? {}).some((ref) => split.has(ref))) split.add(name);
  }
  return split;
}

function reachable(components: Components, roots: readonly string[]): Components {
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    assert(components[name] !== undefined, "every reference leads to a component");
    waiting.push(...refsOf(components[name] ?? {}));
  }
  return Object.fromEntries(Object.entries(components).filter(([name]) => seen.has(name)));
}

function refsOf(schema: JsonSchema): readonly string[] {
  const names: string[] = [];
  mapRefs(schema, (name) => {
    names.push(name);
    return name;
  });
  return names;
}

function mapRefs(schema: JsonSchema, rename: (name: string) => string): JsonSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === "$ref" && typeof value === "string" && value.startsWith(REF)
      ? REF + rename(value.slice(REF.length))
      : value,
  );
  return JSON.parse(text) as JsonSchema;
}
