import type { Clock, Log } from "@moult/base";
import type { TenantId } from "@moult/model";
import type { Database } from "../platform/database.ts";
import type { Authenticator } from "../platform/http/authorise.ts";
import { createAuthenticator } from "./authenticator.ts";
import { createIdentityLibrary } from "./identity-library.ts";
import { createOperatorHandlers, type OperatorHandlers } from "./operations.ts";
import { openSetup } from "./setup.ts";

export interface OperatorsDeps {
  readonly database: Database;
  /** Whose first administrator the setup makes; signing in finds everybody's own tenant. */
  readonly tenantId: TenantId;
  /** Where the setup code is kept until it was used. */
  readonly setupCodePath: string;
  /** Seals session cookies. */
  readonly secret: Buffer;
  /** Cookies are for https alone when it is https; asked at the first sign-in. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who people are: their passwords, sessions and API keys. */
export interface Operators {
  /** Finds out who asks. Throws `unauthenticated` for a credential that is void, and says why. */
  readonly authenticator: Authenticator;
  readonly handlers: OperatorHandlers;
  /** To be shown on the console while the tenant has nobody; undefined ever after. */
  setupCode(): string | undefined;
}

export async function openOperators(deps: OperatorsDeps): Promise<Operators> {
  const { database, tenantId, setupCodePath: codePath, publicUrl, clock, log } = deps;
  const library = createIdentityLibrary(deps);
  const setup = await openSetup({ database, tenantId, codePath, library, clock, log });
  return {
    authenticator: createAuthenticator({ database, library, clock, log }),
    handlers: createOperatorHandlers({ database, library, setup, publicUrl, clock, log }),
    setupCode: () => setup.code(),
  };
}
