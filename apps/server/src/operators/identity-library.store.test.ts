import { betterAuth } from "better-auth";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { libraryTables } from "./identity-library.ts";
import manifest from "../../package.json" with { type: "json" };

describe.each(DIALECTS)("better-auth on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const complaints = async (leaveOut?: string): Promise<unknown> => {
    const { database } = store;
    const tables = libraryTables(database);
    const auth = betterAuth({
      ...tables,
      database: { db: database.writer, type: dialect },
      advanced: { ...tables.advanced, database: { validateSchema: true } },
      ...(leaveOut === undefined ? {} : { user: { modelName: leaveOut } }),
      secret: "x".repeat(43),
      baseURL: "https://moult.example.org",
      logger: { disabled: true },
      telemetry: { enabled: false },
    });
    const context = await auth.$context;
    try {
      await context.checkSchema?.();
      return context.checkSchema === undefined ? "it checks nothing" : undefined;
    } catch (error) {
      return error;
    }
  };

  test("the tables of our migration are those that the library wants", async () => {
    expect(await complaints()).toBeUndefined();
    expect(await complaints("auth_nobody")).toBeInstanceOf(Error);
  });
});

test("the installed library is the one that these tables and rows were made for", async () => {
  const { version } = await betterAuth({ secret: "x".repeat(43), logger: { disabled: true } })
    .$context;

  expect(version).toBe("1.7.5");
  expect(manifest.dependencies["better-auth"]).toBe(version);
});
