import type { ProductName, ReleaseId, ReleaseVersion } from "@moult/model";
import { NO_RULES, stepsBefore, type VersionRules } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";

/** The releases that must be passed through before a deployment's own. */
export async function stepsTo(
  db: TenantDb,
  {
    product,
    releaseId,
    version,
  }: {
    readonly product: ProductName;
    readonly releaseId: ReleaseId;
    readonly version: ReleaseVersion;
  },
): Promise<readonly ReleaseVersion[]> {
  const rules = (await rulesOf(db, product, [releaseId], []))(releaseId);
  return stepsBefore({ version, rules });
}

interface RuleRow {
  readonly id: ReleaseId;
  readonly channel: string;
  readonly version: ReleaseVersion;
  readonly created_at: number;
  readonly minimum_from: ReleaseVersion | null;
  readonly must_pass_through: number;
}

/**
 * What some releases of a product ask of devices that run one of `running`: one question where they ask nothing, and one
 * more where a version is to be compared. Of a release that is gone nothing is asked.
 */
export async function rulesOf(
  db: TenantDb,
  product: ProductName,
  releaseIds: readonly ReleaseId[],
  running: readonly string[],
): Promise<(releaseId: ReleaseId) => VersionRules> {
  if (releaseIds.length === 0) return () => NO_RULES;
  const rows = await ruleRows(db, product, releaseIds);
  const own = new Map(rows.map((row) => [row.id, row]));
  const stones = rows.filter((row) => row.must_pass_through === 1);
  const asking = rows.filter((row) => row.minimum_from !== null);
  const compared = asking.flatMap((row) => row.minimum_from ?? []);
  const named =
    stones.length === 0 && asking.length === 0
      ? []
      : await releasesNamed(db, product, [
          ...new Set([...compared, ...(running as readonly ReleaseVersion[])]),
        ]);

  return (releaseId) => {
    const row = own.get(releaseId);
    if (row === undefined) return NO_RULES;
    const isOurs = ({ channel }: { readonly channel: string }): boolean => channel === row.channel;
    const mustPassThrough = stones.filter(isOurs).map(({ version }) => version);
    if (row.minimum_from === null && mustPassThrough.length === 0) return NO_RULES;
    // The channel's own release of a version stands for it where there is one: the first that is found decides.
    const found = [...rows, ...named];
    const known = [...found.filter(isOurs), ...found].map((each) => ({
      version: each.version,
      createdAt: each.created_at,
    }));
    return { minimumFrom: row.minimum_from, mustPassThrough, known };
  };
}

async function ruleRows(
  db: TenantDb,
  product: ProductName,
  releaseIds: readonly ReleaseId[],
): Promise<RuleRow[]> {
  const columns = [
    "id",
    "channel",
    "version",
    "created_at",
    "minimum_from",
    "must_pass_through",
  ] as const;
  const ofProduct = db.kysely
    .selectFrom("release")
    .select(columns)
    .where("tenant_id", "=", db.tenantId)
    .where("product", "=", product);
  // Two halves, each by an index of its own.
  return ofProduct
    .where("id", "in", releaseIds)
    .union(ofProduct.where("must_pass_through", "=", 1))
    .execute();
}

/** A statement's parameters are bounded on both dialects, and a fleet runs whatever it says. */
const NAMES_PER_STATEMENT = 1_000;

async function releasesNamed(
  db: TenantDb,
  product: ProductName,
  versions: readonly ReleaseVersion[],
): Promise<{ readonly version: string; readonly channel: string; readonly created_at: number }[]> {
  const found = [];
  for (let start = 0; start < versions.length; start += NAMES_PER_STATEMENT)
    found.push(
      ...(await db.kysely
        .selectFrom("release")
        .select(["version", "channel", "created_at"])
        .where("tenant_id", "=", db.tenantId)
        .where("product", "=", product)
        .where("version", "in", versions.slice(start, start + NAMES_PER_STATEMENT))
        .orderBy("created_at")
        .execute()),
    );
  return found;
}
