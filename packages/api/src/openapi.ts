import * as model from "@moult/model";
import * as z from "zod";
import { DeviceFilter } from "./device-filter.ts";
import { ERROR_CODES, statusOf, titleOf, type ErrorCode } from "./error-code.ts";
import { jsonSchemas, type JsonSchema } from "./json-schemas.ts";
import type { Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { BulkRehearsal, DeviceSelection } from "./operations/bulk-changes.ts";
import { ApiKey, Me } from "./operations/system.ts";
import { Upload } from "./operations/uploads.ts";
import { Problem } from "./problem.ts";

/** Plain JSON; only what this file reads back is typed. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly [kind: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** The schemas that have a name of their own in the document; any other is a part of the operation that uses it. */
const NAMED = {
  ApiKey,
  Artifact: model.Artifact,
  Assignment: model.Assignment,
  Attempt: model.Attempt,
  ChangeNotice: model.ChangeNotice,
  BulkAction: model.BulkAction,
  BulkChange: model.BulkChange,
  BulkRehearsal,
  ClientTraits: model.ClientTraits,
  Deployment: model.Deployment,
  DeploymentPreview: model.DeploymentPreview,
  DeploymentProgress: model.DeploymentProgress,
  DeploymentRehearsal: model.DeploymentRehearsal,
  DeploymentTarget: model.DeploymentTarget,
  Device: model.Device,
  DeviceFilter,
  DeviceIdentity: model.DeviceIdentity,
  DeviceRow: model.DeviceRow,
  DeviceRunningEntry: model.DeviceRunningEntry,
  DeviceSelection,
  DeviceUpdate: model.DeviceUpdate,
  EnrolmentToken: model.EnrolmentToken,
  ErrorStop: model.ErrorStop,
  Explanation: model.Explanation,
  FleetEvent: model.FleetEvent,
  FleetEventBody: model.FleetEventBody,
  Group: model.Group,
  Inventory: model.Inventory,
  Me,
  Overview: model.Overview,
  Payload: model.Payload,
  PayloadFile: model.PayloadFile,
  Plan: model.Plan,
  Preauthorisation: model.Preauthorisation,
  Problem,
  Product: model.Product,
  Release: model.Release,
  Running: model.Running,
  Stage: model.Stage,
  Tally: model.Tally,
  Trip: model.Trip,
  Upload,
  WaitReason: model.WaitReason,
  WaitingDevice: model.WaitingDevice,
} as const;

const PROBLEM_TYPE = "application/problem+json";
const RESPONSE_REF = "#/components/responses/";
const UNAUTHORISED: readonly ErrorCode[] = ["unauthenticated", "forbidden"];

/** The operator API as an OpenAPI 3.1 document, made from the operations table alone; the same table, the same bytes. */
export function openApiDocument(): OpenApiDocument {
  const all: readonly Operation[] = Object.values(operations);
  const schemas = jsonSchemas({
    named: NAMED,
    received: bySchemaName(all, "Body", ({ body }) => (body === "stream" ? undefined : body)),
    sent: bySchemaName(all, "Reply", ({ reply }) => reply),
  });
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of all) {
    const path = (paths[each.path] ??= {});
    path[each.method.toLowerCase()] = operationObject(each, schemas.refOf);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Moult operator API",
      version: "1",
      description:
        "Everything that people and their programs can do. Devices speak a protocol of their own.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/api/v1" }],
    security: [{ apiKey: [] }, { session: [] }],
    tags: [...new Set(all.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.components,
      responses: responseComponents(all),
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: "The secret of an API key (`createApiKey`).",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "moult.session_token",
          description:
            "Set by `signIn`; over HTTPS its name begins with `__Secure-`. For browsers.",
        },
      },
    },
  };
}

/** `listDevices` and its reply make `ListDevicesReply`. */
const schemaName = (operation: Operation, part: "Body" | "Reply"): string =>
  `${capitalised(operation.id)}${part}`;

function bySchemaName(
  all: readonly Operation[],
  part: "Body" | "Reply",
  schemaOf: (operation: Operation) => z.ZodType | undefined,
): Record<string, z.ZodType> {
  return Object.fromEntries(
    all.flatMap((each) => {
      const schema = schemaOf(each);
      return schema === undefined ? [] : [[schemaName(each, part), schema]];
    }),
  );
}

type RefOf = (schema: z.ZodType, direction: "received" | "sent") => JsonSchema;

const tagOf = ({ path }: Operation): string => path.split("/")[1] ?? "";

function operationObject(each: Operation, refOf: RefOf): Record<string, unknown> {
  return {
    operationId: each.id,
    summary: each.summary,
    tags: [tagOf(each)],
    ...(each.permission === "public"
      ? { security: [] }
      : { "x-moult-permission": each.permission }),
    parameters: [
      ...parametersOf(each.params, "path"),
      ...parametersOf(each.query, "query"),
      ...headersOf(each),
    ],
    ...requestBodyOf(each, refOf),
    responses: { ...successOf(each, refOf), ...problemsOf(each) },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: "path" | "query"): unknown[] {
  return Object.entries(schema?.shape ?? {}).map(([name, each]) => ({
    name,
    in: place,
    required: place === "path" || !z.safeParse(each, undefined).success,
    schema: parameterSchema(each),
  }));
}

/** What the text stands for, after coercion; a default stays as documentation. */
function parameterSchema(schema: z.core.$ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "output" });
  return rest;
}

function headersOf(each: Operation): unknown[] {
  const text = { type: "string" };
  if (each.replyKind === "events")
    return [{ name: "Last-Event-ID", in: "header", required: false, schema: text }];
  if (each.errors.includes("range-not-satisfiable"))
    return [{ name: "Range", in: "header", required: false, schema: text }];
  return [];
}

function requestBodyOf(each: Operation, refOf: RefOf): Record<string, unknown> {
  if (each.body === undefined) return {};
  return {
    requestBody: {
      required: true,
      content:
        each.body === "stream"
          ? { "application/octet-stream": {} }
          : { "application/json": { schema: refOf(each.body, "received") } },
    },
  };
}

function successOf(each: Operation, refOf: RefOf): Record<string, unknown> {
  const schema = each.reply === undefined ? {} : { schema: refOf(each.reply, "sent") };
  const bytes = { "application/octet-stream": {} };
  switch (each.replyKind) {
    case "json":
      return { "200": { description: "Done", content: { "application/json": schema } } };
    case "none":
      return { "204": { description: "Done" } };
    case "events":
      return {
        "200": {
          description: "Server-sent events; the schema is that of each event's data",
          content: { "text/event-stream": schema },
        },
      };
    case "stream":
      return {
        "200": { description: "The bytes", content: bytes },
        ...(each.errors.includes("range-not-satisfiable")
          ? { "206": { description: "The bytes of the range", content: bytes } }
          : {}),
      };
  }
}

/** Codes by status: one response each. */
function codesByStatus(each: Operation): ReadonlyMap<number, readonly ErrorCode[]> {
  const codes = new Set<ErrorCode>([
    "invalid-request",
    ...(each.body === undefined || each.body === "stream" ? [] : (["malformed-json"] as const)),
    ...(each.permission === "public" ? [] : UNAUTHORISED),
    ...each.errors,
    "internal",
  ]);
  return Map.groupBy(codes, statusOf);
}

function problemsOf(each: Operation): Record<string, JsonSchema> {
  const responses = [...codesByStatus(each)].map(
    ([status, codes]) => [String(status), { $ref: RESPONSE_REF + responseName(codes) }] as const,
  );
  return { ...Object.fromEntries(responses), default: { $ref: `${RESPONSE_REF}AnyProblem` } };
}

function responseComponents(all: readonly Operation[]): Record<string, unknown> {
  const components: Record<string, unknown> = {};
  for (const each of all)
    for (const codes of codesByStatus(each).values())
      components[responseName(codes)] ??= {
        description: codes.map((code) => `\`${code}\`: ${titleOf(code)}`).join("; "),
        content: { [PROBLEM_TYPE]: { schema: problemSchema(codes) } },
      };
  return {
    ...components,
    AnyProblem: {
      description: "A problem that any request may meet",
      content: { [PROBLEM_TYPE]: { schema: problemSchema(Object.keys(ERROR_CODES)) } },
    },
  };
}

/** `["in-use", "name-taken"]` makes `InUseOrNameTaken`. */
const responseName = (codes: readonly ErrorCode[]): string =>
  codes.map((code) => code.split("-").map(capitalised).join("")).join("Or");

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const problemSchema = (codes: readonly string[]): JsonSchema => ({
  allOf: [
    { $ref: "#/components/schemas/Problem" },
    { type: "object", properties: { code: { enum: codes } } },
  ],
});
