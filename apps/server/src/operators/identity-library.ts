import type { Log } from "@moult/base";
import { UserId } from "@moult/model";
import type { Database } from "../platform/database.ts";
import { newId } from "../platform/new-id.ts";

/** What better-auth does for us: passwords and sessions. None of its own routes are served. */
export interface IdentityLibrary {
  /** Undefined when the address or the password is wrong, which takes the same time. */
  signIn(credentials: {
    readonly email: string;
    readonly password: string;
  }): Promise<{ readonly userId: UserId; readonly setCookies: readonly string[] } | undefined>;
  /** Whose session the cookies name; undefined when it has ended. */
  sessionUser(cookies: string): Promise<UserId | undefined>;
  /** Prolongs the session when that is due; gives the cookies that tell the browser. */
  prolong(cookies: string): Promise<readonly string[]>;
  /** Ends the session; gives the cookies that remove it. */
  signOut(cookies: string): Promise<readonly string[]>;
  hashPassword(password: string): Promise<string>;
}

export interface IdentityLibraryDeps {
  readonly database: Database;
  /** Seals session cookies. */
  readonly secret: Buffer;
  /** Asked at the first use, when the port is known. */
  readonly publicUrl: () => string;
  readonly log: Log;
}

const DAY_SECONDS = 86_400;
/** Since it was prolonged for the last time, which a visit does once a day. */
const SESSION_SECONDS = 7 * DAY_SECONDS;

const SESSION_COOKIE = /(?:^|;\s*)(?:__Secure-)?moult\.session_token=/;

/** Whether the value of a `Cookie` header names a session, alive or not. */
export const namesSession = (cookies: string): boolean => SESSION_COOKIE.test(cookies);

/** Loads better-auth at the first use: devices and API keys never need it, and it is large (docs/decisions/0004). */
export function createIdentityLibrary(deps: IdentityLibraryDeps): IdentityLibrary {
  let loading: ReturnType<typeof loadLibrary> | undefined;
  const load = (): ReturnType<typeof loadLibrary> => (loading ??= loadLibrary(deps));
  return {
    signIn: async (body) => {
      const { auth, isRefusal } = await load();
      try {
        const { headers, response } = await auth.api.signInEmail({ body, returnHeaders: true });
        return { userId: UserId.parse(response.user.id), setCookies: headers.getSetCookie() };
      } catch (error) {
        if (isRefusal(error)) return undefined;
        throw error;
      }
    },
    sessionUser: async (cookies) => {
      const { auth } = await load();
      // Whoever asks here cannot hand on a cookie, so a session that is due would only be written without effect.
      const query = { disableRefresh: true };
      const session = await auth.api.getSession({
        headers: new Headers({ cookie: cookies }),
        query,
      });
      return session === null ? undefined : UserId.parse(session.user.id);
    },
    prolong: async (cookies) => {
      const { auth } = await load();
      const { headers } = await auth.api.getSession({
        headers: new Headers({ cookie: cookies }),
        returnHeaders: true,
      });
      return headers.getSetCookie();
    },
    signOut: async (cookies) => {
      const { auth } = await load();
      const { headers } = await auth.api.signOut({
        headers: new Headers({ cookie: cookies }),
        returnHeaders: true,
      });
      return headers.getSetCookie();
    },
    hashPassword: async (password) => (await load()).hashPassword(password),
  };
}

async function loadLibrary(deps: IdentityLibraryDeps) {
  const [{ betterAuth }, { APIError }, { hashPassword }] = await Promise.all([
    import("better-auth"),
    import("better-auth/api"),
    import("better-auth/crypto"),
  ]);
  const auth = betterAuth({
    ...libraryTables(deps.database),
    ...libraryRules(deps),
  });
  /** Of the many ways in which it says no, these two mean that somebody mistyped. */
  const isRefusal = (error: unknown): boolean =>
    error instanceof APIError &&
    ["INVALID_EMAIL_OR_PASSWORD", "INVALID_EMAIL"].includes(error.body?.code ?? "");
  return { auth, hashPassword, isRefusal };
}

function libraryRules({ secret, publicUrl, log }: IdentityLibraryDeps) {
  return {
    baseURL: publicUrl(),
    // As a list, because one in an environment variable of the library's would go before a single one.
    secrets: [{ version: 1, value: secret.toString("base64") }],
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 10,
      maxPasswordLength: 256,
    },
    telemetry: { enabled: false },
    logger: {
      level: "error" as const,
      // Its arguments may be anything, a statement with its values included; what happened is thrown to us as well.
      log: (level: string, message: string) =>
        log.warn("identity-library-complains", { level, message }),
    },
  };
}

const TIMES = { createdAt: "created_at", updatedAt: "updated_at" };

/** Where the library finds its rows, and what its cookies look like. */
export function libraryTables({ writer }: Database) {
  return {
    // "sqlite" on both: instants as ISO text and flags as 0 or 1 mean the same to either database.
    database: { db: writer, type: "sqlite" as const },
    user: { modelName: "auth_user", fields: { emailVerified: "email_verified", ...TIMES } },
    session: {
      modelName: "auth_session",
      fields: {
        userId: "user_id",
        expiresAt: "expires_at",
        ipAddress: "ip_address",
        userAgent: "user_agent",
        ...TIMES,
      },
      expiresIn: SESSION_SECONDS,
      updateAge: DAY_SECONDS,
    },
    account: {
      modelName: "auth_account",
      fields: {
        userId: "user_id",
        accountId: "account_id",
        providerId: "provider_id",
        accessToken: "access_token",
        refreshToken: "refresh_token",
        idToken: "id_token",
        accessTokenExpiresAt: "access_token_expires_at",
        refreshTokenExpiresAt: "refresh_token_expires_at",
        ...TIMES,
      },
    },
    verification: { modelName: "auth_verification", fields: { expiresAt: "expires_at", ...TIMES } },
    advanced: {
      cookiePrefix: "moult",
      defaultCookieAttributes: { httpOnly: true, sameSite: "strict" as const },
      ipAddress: { disableIpTracking: true },
      database: {
        generateId: () => newId(),
        // The migrations are ours, and a test compares them with what the library wants.
        validateSchema: false,
      },
    },
  };
}
