import { DAY_MS, later, type Clock, type Log } from "@moult/base";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers, Principal } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { apiKeyDigest, newApiKeySecret, startOf } from "./api-key-secret.ts";
import { credentialsWrong, enter, meOf, tooMany } from "./enter.ts";
import type { IdentityLibrary } from "./identity-library.ts";
import { lowerRole } from "./judge-api-key.ts";
import { createPeopleHandlers, type PeopleHandlers } from "./people-operations.ts";
import {
  apiKeysOf,
  countApiKeys,
  deleteApiKey,
  deleteEndedSessions,
  insertApiKey,
  lockOperator,
  tenantName,
} from "./queries.ts";
import { createSignInGuard, type SignInGuard } from "./sign-in-guard.ts";
import type { Setup } from "./setup.ts";

export type OperatorHandlers = PeopleHandlers &
  Handlers<
    | "showSetup"
    | "completeSetup"
    | "signIn"
    | "signOut"
    | "showMe"
    | "createApiKey"
    | "listApiKeys"
    | "deleteApiKey"
  >;

export interface OperatorHandlerDeps {
  readonly database: Database;
  readonly library: IdentityLibrary;
  readonly setup: Setup;
  /** Where people find the console; links lead there. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Of one person; they are listed on one page. */
export const API_KEYS_MAX = 200;

export function createOperatorHandlers(deps: OperatorHandlerDeps): OperatorHandlers {
  const guard = createSignInGuard(deps.clock);
  return {
    ...setupHandlers(deps, guard),
    ...sessionHandlers(deps, guard),
    ...keyHandlers(deps),
    ...createPeopleHandlers(deps, guard),
  };
}

function setupHandlers(
  { database, library, setup }: OperatorHandlerDeps,
  guard: SignInGuard,
): Pick<OperatorHandlers, "showSetup" | "completeSetup"> {
  return {
    showSetup: async () => ({ needed: await setup.isNeeded() }),

    completeSetup: async ({ exchange }, { body }) => {
      const who = { clientAddress: exchange.clientAddress, account: "setup" };
      const isDone = await guard.admit(who, async () => {
        await setup.complete(body);
        return true;
      });
      if (isDone === undefined) throw tooMany();
      const me = await enter({ database, library }, body, exchange);
      // Only when somebody removes the account in this moment.
      if (me === undefined) throw credentialsWrong();
      guard.welcome(who);
      return me;
    },
  };
}

function sessionHandlers(
  { database, library, clock, log }: OperatorHandlerDeps,
  guard: SignInGuard,
): Pick<OperatorHandlers, "signIn" | "signOut" | "showMe"> {
  return {
    signIn: async ({ exchange }, { body }) => {
      const who = {
        clientAddress: exchange.clientAddress,
        account: body.email.toLowerCase(),
      };
      const answer = await guard.admit(who, async () => ({
        me: await enter({ database, library }, body, exchange),
      }));
      if (answer === undefined) {
        log.warn("sign-in-held-back", { clientAddress: exchange.clientAddress });
        throw tooMany();
      }
      if (answer.me === undefined) {
        log.warn("sign-in-refused", { clientAddress: exchange.clientAddress });
        throw credentialsWrong();
      }
      guard.welcome(who);
      await database.system.transaction((kysely) => deleteEndedSessions(kysely, clock.now()));
      return answer.me;
    },

    signOut: async ({ principal, exchange }) => {
      if (principal.kind === "api-key" || exchange.cookies === undefined)
        throw new ApiError(
          "invalid-request",
          "An API key has no session to end; delete the key instead.",
        );
      exchange.setCookies(await library.signOut(exchange.cookies));
    },

    showMe: async ({ principal, exchange }) => {
      if (principal.kind === "user" && exchange.cookies !== undefined)
        exchange.setCookies(await library.prolong(exchange.cookies));
      return meOf(principal, await tenantName(database.system, principal.tenantId));
    },
  };
}

function keyHandlers({
  clock,
}: OperatorHandlerDeps): Pick<OperatorHandlers, "createApiKey" | "listApiKeys" | "deleteApiKey"> {
  return {
    createApiKey: async ({ db, principal, log }, { body }) => {
      const secret = newApiKeySecret();
      const key = await db.transaction(async (inner) => {
        await demandMayCreate(inner, principal, body.role);
        const at = clock.now();
        const { expiresInDays } = body;
        return insertApiKey(inner, {
          id: newId(at),
          userId: principal.userId,
          name: body.name,
          role: body.role,
          start: startOf(secret),
          digest: apiKeyDigest(secret),
          at,
          expiresAt: expiresInDays === undefined ? null : later(at, expiresInDays * DAY_MS),
        });
      });
      log.info("api-key-created", { keyId: key.id, role: key.role, by: principal.userId });
      return { key, secret };
    },

    listApiKeys: async ({ db, principal }) => ({ items: await apiKeysOf(db, principal.userId) }),

    deleteApiKey: async ({ db, principal, log }, { params: { keyId } }) => {
      const { userId } = principal;
      const isDeleted = await db.transaction((inner) => deleteApiKey(inner, userId, keyId));
      if (!isDeleted) throw new ApiError("not-found", "You have no such API key.");
      log.info("api-key-deleted", { keyId, by: userId });
    },
  };
}

/** Not above what the caller may, nor above what the person behind him may by now. */
async function demandMayCreate(
  db: TenantDb,
  { userId, role: asked }: Principal,
  wanted: Principal["role"],
): Promise<void> {
  const present = await lockOperator(db, userId);
  if (present === undefined)
    throw new ApiError("unauthenticated", "You are not an operator here any more.");
  const role = lowerRole(asked, present);
  if (lowerRole(wanted, role) !== wanted)
    throw new ApiError(
      "forbidden",
      `A key of the role ${wanted} could do more than you: yours is ${role}.`,
    );
  if ((await countApiKeys(db, userId)) >= API_KEYS_MAX)
    throw new ApiError(
      "state-conflict",
      `You have ${API_KEYS_MAX} API keys, which is the limit; delete some that nobody uses.`,
    );
}
