import { MINUTE_MS, errorChain, type Clock, type Log } from "@moult/base";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import type { Authenticator } from "../platform/http/authorise.ts";
import type { Principal } from "../platform/operation-handler.ts";
import { apiKeyDigest, isApiKeySecret } from "./api-key-secret.ts";
import { namesSession, type IdentityLibrary } from "./identity-library.ts";
import { judgeApiKey } from "./judge-api-key.ts";
import { apiKeyByDigest, operatorOf, touchApiKey } from "./queries.ts";

export interface AuthenticatorDeps {
  readonly database: Database;
  readonly library: IdentityLibrary;
  readonly clock: Clock;
  readonly log: Log;
}

/** How exactly the last use of a key is known; a busy one would else be written all the time. */
const LAST_USE_MS = MINUTE_MS;
const TOUCHED_MAX = 10_000;

/**
 * Who asks, in which tenant and role. Nothing of it is remembered from one request to the next: a key that is revoked, a
 * session that ends and a role that is lowered count at once, on all replicas. A credential that is good for nothing is
 * refused, and never taken for none.
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { database, library, clock } = deps;
  const touch = createKeyTouch(deps);

  const keyPrincipal = async (secret: string): Promise<Principal> => {
    if (!isApiKeySecret(secret))
      throw new ApiError(
        "unauthenticated",
        "This is not a whole API key: they begin with mk_ and have 46 characters.",
      );
    const key = await apiKeyByDigest(database.system, apiKeyDigest(secret));
    const judgement = judgeApiKey(key, clock.now());
    if (judgement.kind === "refused") throw new ApiError("unauthenticated", judgement.detail);
    if (key !== undefined) await touch(key.id, key.lastUsedAt);
    return judgement.principal;
  };

  const sessionPrincipal = async (cookies: string): Promise<Principal> => {
    const userId = await library.sessionUser(cookies);
    const operator = userId && (await operatorOf(database.system, userId));
    if (operator === undefined)
      throw new ApiError("unauthenticated", "Your session has ended; sign in again.");
    return { kind: "user", ...operator };
  };

  return {
    principalOf: async ({ apiKey, cookies }) => {
      // A key was named on purpose; a browser adds its cookies to everything.
      if (apiKey !== undefined) return keyPrincipal(apiKey);
      if (cookies !== undefined && namesSession(cookies)) return sessionPrincipal(cookies);
      return undefined;
    },
  };
}

/** Notes the use of a key, at most once a minute. */
function createKeyTouch({ database, clock, log }: AuthenticatorDeps) {
  /** Uses on their way to the database, so that a burst of requests writes one of them. */
  const touchedAt = new Map<string, number>();
  return async (keyId: string, lastUsedAt: number | null): Promise<void> => {
    const now = clock.now();
    const last = Math.max(lastUsedAt ?? 0, touchedAt.get(keyId) ?? 0);
    if (now < last + LAST_USE_MS) return;
    touchedAt.delete(keyId);
    touchedAt.set(keyId, now);
    const oldest = touchedAt.size > TOUCHED_MAX ? touchedAt.keys().next().value : undefined;
    if (oldest !== undefined) touchedAt.delete(oldest);
    try {
      await database.system.transaction((kysely) => touchApiKey(kysely, keyId, now));
    } catch (error) {
      // A full disk is no reason to let nobody in who could make room.
      log.warn("api-key-use-not-noted", { keyId, errors: errorChain(error) });
    }
  };
}
