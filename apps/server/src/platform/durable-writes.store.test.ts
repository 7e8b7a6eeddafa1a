import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "./dialect.ts";
import { openDatabase } from "./database.ts";
import { silentLog, useTestDatabase } from "./test-database.fixture.ts";

const WRITER = fileURLToPath(new URL("./write-until-killed.fixture.ts", import.meta.url));
const ACKNOWLEDGED_MIN = 500;

describe.each(DIALECTS)("a writer that is killed on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test("loses nothing that it was told is done, though many transactions shared a commit", async () => {
    const { tenantId } = await store.newTenant();
    const writer = spawn(
      process.execPath,
      [WRITER, JSON.stringify({ place: store.place, tenantId })],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = new Promise((resolve) => writer.once("close", resolve));
    let said = "";
    writer.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.split("\n").length > ACKNOWLEDGED_MIN) writer.kill("SIGKILL");
    });
    await ended;

    const after = await openDatabase(store.place, silentLog);
    const rows = await after
      .tenant(tenantId)
      .kysely.selectFrom("product")
      .select("name")
      .where("tenant_id", "=", tenantId)
      .execute();
    await after.close();
    const kept = new Set<string>(rows.map(({ name }) => name));
    // The last line may be cut off.
    const acknowledged = said.split("\n").slice(0, -1);
    expect(acknowledged.length).toBeGreaterThanOrEqual(ACKNOWLEDGED_MIN);
    expect(acknowledged.filter((name) => !kept.has(name))).toEqual([]);
  });
});
