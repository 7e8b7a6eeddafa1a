import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { ERROR_CODES } from "./error-code.ts";
import { jsonSchemas } from "./json-schemas.ts";
import { openApiDocument } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { operations } from "./operations.ts";

const document = openApiDocument();
const all: readonly Operation[] = Object.values(operations);

interface OperationObject {
  readonly operationId: string;
  readonly security?: unknown;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

const objectOf = (each: Operation): OperationObject =>
  document.paths[each.path]?.[each.method.toLowerCase()] as OperationObject;

describe("the OpenAPI document", () => {
  test("is the committed packages/api/openapi.json", () => {
    const committed = readFileSync(new URL("../openapi.json", import.meta.url), "utf8");

    expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();

    const result = await validator.validate({ ...document });

    expect(result.errors).toBeUndefined();
    expect(validator.version).toBe("3.1");
  });

  test("holds every operation of the table under its method and path", () => {
    for (const each of all) expect(objectOf(each)?.operationId).toBe(each.id);
  });

  test("names every path parameter of every path, and no other", () => {
    for (const each of all) {
      const inPath = [...each.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const named = objectOf(each).parameters.filter((parameter) => parameter.in === "path");

      expect(named.map(({ name }) => name)).toEqual(inPath);
    }
  });

  test("asks for credentials except where the table says public", () => {
    for (const each of all) {
      const { security } = objectOf(each);

      if (each.permission === "public") expect(security).toEqual([]);
      else expect(security).toBeUndefined();
    }
  });

  test("gives each error of an operation a response of that error's status that names its code", () => {
    const responses = document.components["responses"] as Record<string, unknown>;
    for (const each of all)
      for (const code of each.errors) {
        const ref = objectOf(each).responses[String(ERROR_CODES[code][0])]?.$ref ?? "";
        const response = responses[ref.slice("#/components/responses/".length)];

        expect(JSON.stringify(response)).toContain(`"${code}"`);
      }
  });

  test("has only references that lead somewhere", () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    expect(refs.length).toBeGreaterThan(100);

    for (const [, path = ""] of refs) {
      const found = path
        .split("/")
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect(found, path).toBeDefined();
    }
  });

  test("lets replies gain fields, and refuses unknown fields in what people send", () => {
    const { schemas } = document.components;

    expect(schemas["Device"]?.["additionalProperties"]).toBeUndefined();
    expect(schemas["CreateGroupBody"]?.["additionalProperties"]).toBe(false);
  });
});

describe("a schema that is both received and sent", () => {
  const Part = z.strictObject({ tries: z.int().default(1) });
  const Whole = z.strictObject({ part: Part });
  const Same = z.strictObject({ name: z.string() });
  const schemas = jsonSchemas({
    named: { Part, Whole, Same, Problem: z.object({}) },
    received: { Send: z.strictObject({ whole: Whole, same: Same }) },
    sent: { Reply: z.object({ whole: Whole, same: Same }) },
  });

  test("is two components where its defaults make a difference, as is what contains it", () => {
    expect(schemas.components["Part"]?.["required"]).toEqual(["tries"]);
    expect(schemas.components["PartInput"]?.["required"]).toBeUndefined();
    expect(schemas.refOf(Whole, "received")).toEqual({ $ref: "#/components/schemas/WholeInput" });
    expect(JSON.stringify(schemas.components["WholeInput"])).toContain("schemas/PartInput");
    expect(JSON.stringify(schemas.components["Send"])).toContain("schemas/WholeInput");
  });

  test("is one component where both directions are alike", () => {
    expect(schemas.refOf(Same, "received")).toEqual(schemas.refOf(Same, "sent"));
    expect(schemas.components["SameInput"]).toBeUndefined();
  });
});
