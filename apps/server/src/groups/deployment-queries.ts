import type { DeploymentId, GroupId, ProductName } from "@moult/model";
import { fromJson } from "../platform/columns.ts";
import { StoredNamedStages } from "../platform/named-stages.ts";
import { StoredTargetTerms } from "../platform/target-terms.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

// What unfinished deployments have to do with groups: whom they target, whom they leave out, whom their stages name.

const UNFINISHED = ["running", "paused", "tripped"] as const;

interface NamingDeployment {
  readonly id: DeploymentId;
  readonly name: string;
  readonly targetGroupId: GroupId | null;
  readonly targetQuery: string | null;
  readonly terms: StoredTargetTerms | null;
  readonly namedStages: StoredNamedStages;
}

async function unfinished(db: TenantDb, product: ProductName): Promise<NamingDeployment[]> {
  const rows = await db.kysely
    .selectFrom("deployment")
    .select(["id", "name", "target_group_id", "target_query", "target_terms", "named_stages"])
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "in", UNFINISHED)
    .orderBy("number")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    targetGroupId: row.target_group_id,
    targetQuery: row.target_query,
    terms: row.target_terms === null ? null : fromJson(StoredTargetTerms, row.target_terms),
    namedStages: row.named_stages === null ? [] : fromJson(StoredNamedStages, row.named_stages),
  }));
}

/** Names of the unfinished deployments that target the group, leave it out, or have a stage of it. */
export async function unfinishedDeploymentsTo(
  db: TenantDb,
  product: ProductName,
  groupId: GroupId,
): Promise<string[]> {
  const rows = await unfinished(db, product);
  return rows
    .filter(
      ({ targetGroupId, terms, namedStages }) =>
        targetGroupId === groupId ||
        namedStages.some((stage) => stage.groupId === groupId) ||
        terms?.exclude?.groupIds.includes(groupId) === true ||
        terms?.exclude?.queries.some((each) => each.groupId === groupId) === true,
    )
    .map(({ name }) => name);
}

/** The queries of the product's unfinished deployments that are no group's. */
export async function unfinishedQueries(
  db: TenantDb,
  product: ProductName,
): Promise<readonly { readonly name: string; readonly query: string }[]> {
  const rows = await unfinished(db, product);
  return rows.flatMap(({ name, targetGroupId, targetQuery, terms, namedStages }) =>
    [
      ...namedStages.flatMap(({ groupId, query: own }) =>
        groupId === null && own !== null ? [own] : [],
      ),
      ...(targetGroupId === null && targetQuery !== null ? [targetQuery] : []),
      ...(terms?.exclude?.queries ?? []).flatMap(({ groupId, query }) =>
        groupId === null ? [query] : [],
      ),
    ].map((query) => ({ name, query })),
  );
}

/** Live deployments to the group that are not over, those that leave it out and those with a stage of it go by its query. */
export async function followGroupQuery(
  db: TenantDb,
  product: ProductName,
  groupId: GroupId,
  query: string,
): Promise<void> {
  await db.kysely
    .updateTable("deployment")
    .set({ target_query: query })
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product)
    .where("state", "in", UNFINISHED)
    .where("target_group_id", "=", groupId)
    .where("target_frozen", "=", 0)
    .execute();
  for (const { id, terms, namedStages } of await unfinished(db, product)) {
    if (namedStages.some((stage) => stage.groupId === groupId))
      await setNamedStages(db, id, follow(namedStages, groupId, query));
    const exclude = terms?.exclude;
    if (exclude?.queries.some((each) => each.groupId === groupId) !== true) continue;
    const queries = follow(exclude.queries, groupId, query);
    await db.kysely
      .updateTable("deployment")
      .set({ target_terms: JSON.stringify({ ...terms, exclude: { ...exclude, queries } }) })
      .where("tenant_id", "=", db.tenantId)
      .where("id", "=", id)
      .execute();
  }
}

const follow = <Named extends { readonly groupId: GroupId | null; readonly query: string | null }>(
  named: readonly Named[],
  groupId: GroupId,
  query: string,
): Named[] => named.map((each) => (each.groupId === groupId ? { ...each, query } : each));

async function setNamedStages(
  db: TenantDb,
  deploymentId: DeploymentId,
  namedStages: StoredNamedStages,
): Promise<void> {
  await db.kysely
    .updateTable("deployment")
    .set({ named_stages: JSON.stringify(namedStages) })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", deploymentId)
    .execute();
}
