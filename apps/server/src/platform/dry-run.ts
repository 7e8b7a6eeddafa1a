import type { TenantDb } from "./tenant-db.ts";

/** Carries what a dry run found out of its transaction, which it ends without a trace. */
class DryRunResult<Result> extends Error {
  readonly result: Result;

  constructor(result: Result) {
    super("a dry run");
    this.result = result;
  }
}

/** Runs `work` in a transaction, of which a dry run keeps the result alone. */
export async function transactionOrDryRun<Result>(
  db: TenantDb,
  isDryRun: boolean,
  work: (inner: TenantDb) => Promise<Result>,
): Promise<Result> {
  if (!isDryRun) return db.transaction(work);
  try {
    return await db.transaction<Result>(async (inner) => {
      throw new DryRunResult(await work(inner));
    });
  } catch (error) {
    if (error instanceof DryRunResult) return error.result as Result;
    throw error;
  }
}
