import { CompiledQuery, createQueryId, type KyselyPlugin, type RootOperationNode } from "kysely";
import type { Dialect } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

/** How the database goes about the reads of `work`, one text for each. */
export async function plansOf(
  db: TenantDb,
  dialect: Dialect,
  work: (db: TenantDb) => Promise<unknown>,
): Promise<string[]> {
  const asked: RootOperationNode[] = [];
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      asked.push(node);
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  await work({ ...db, kysely: db.kysely.withPlugin(plugin) });

  const plans: string[] = [];
  for (const node of asked) {
    const { sql, parameters } = db.kysely.getExecutor().compileQuery(node, createQueryId());
    const explain = dialect === "sqlite" ? "explain query plan" : "explain";
    const { rows } = await db.kysely.executeQuery<Record<string, unknown>>(
      CompiledQuery.raw(`${explain} ${sql}`, [...parameters]),
    );
    plans.push(rows.map((row) => String(row["detail"] ?? row["QUERY PLAN"])).join("\n"));
  }
  return plans;
}
