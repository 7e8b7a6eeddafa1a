import { errorChain, type Clock, type Log } from "@moult/base";
import type { TenantId, UserId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import { newId } from "../platform/new-id.ts";
import type { IdentityLibrary } from "./identity-library.ts";
import { hasOperator, insertOperator, lockTenant } from "./queries.ts";
import { openSetupCode, type SetupCode } from "./setup-code.ts";

/** The first administrator of a tenant: made once, by whoever can read the server's console or disk. */
export interface Setup {
  isNeeded(): Promise<boolean>;
  /** Undefined once it is done. */
  code(): string | undefined;
  /** All of it happens, once, or nothing. Refusals: "setup-done", "setup-code-wrong", "invalid-request". */
  complete(person: FirstAdministrator): Promise<void>;
}

interface FirstAdministrator {
  readonly setupCode: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

export interface SetupDeps {
  readonly database: Database;
  readonly tenantId: TenantId;
  readonly codePath: string;
  readonly library: Pick<IdentityLibrary, "hashPassword">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the code when it is needed, and removes a file of it that is not. */
export async function openSetup(deps: SetupDeps): Promise<Setup> {
  const { database, tenantId, codePath, log } = deps;
  const code = openSetupCode(codePath);
  let isDone = await hasOperator(database.system.kysely, tenantId);
  if (!isDone) await code.make();

  const finish = async (): Promise<void> => {
    isDone = true;
    try {
      await code.remove();
    } catch (error) {
      // It opens nothing any more.
      log.warn("setup-code-not-removed", { path: codePath, errors: errorChain(error) });
    }
  };
  if (isDone) await finish();

  const isNeeded = async (): Promise<boolean> => {
    // Another replica may have done it.
    if (!isDone && (await hasOperator(database.system.kysely, tenantId))) await finish();
    return !isDone;
  };
  return {
    isNeeded,
    code: () => code.text(),
    complete: async (person) => {
      if (!(await isNeeded())) throw setupDone();
      demandCode(code, person.setupCode);
      await insertFirst(deps, person);
      await finish();
      log.info("setup-completed", { tenantId });
    },
  };
}

function demandCode(code: SetupCode, given: string): void {
  if (!code.isRight(given))
    throw new ApiError(
      "setup-code-wrong",
      "The server printed the setup code when it started, and keeps it in the file setup-code of its data folder.",
    );
}

async function insertFirst(
  { database, tenantId, library, clock }: SetupDeps,
  { name, email, password }: FirstAdministrator,
): Promise<void> {
  // Slow, and the library is never asked inside a transaction.
  const passwordHash = await library.hashPassword(password);
  await database.system.transaction(async (kysely) => {
    await lockTenant(kysely, tenantId);
    if (await hasOperator(kysely, tenantId)) throw setupDone();
    const isInserted = await insertOperator(kysely, {
      userId: newId<UserId>(),
      accountId: newId(),
      tenantId,
      role: "admin",
      name,
      email: email.toLowerCase(),
      passwordHash,
      at: clock.now(),
    });
    if (!isInserted)
      throw new ApiError(
        "invalid-request",
        "Somebody of another tenant has this e-mail address; take another one.",
        { issues: [{ path: "body.email", message: "is taken" }] },
      );
  });
}

const setupDone = (): ApiError =>
  new ApiError("setup-done", "This server has an administrator; ask them for an account.");
