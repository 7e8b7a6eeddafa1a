import { permissionsOf, type Me } from "@moult/api";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import type { Principal, SessionExchange } from "../platform/operation-handler.ts";
import type { IdentityLibrary } from "./identity-library.ts";
import { operatorOf, tenantName } from "./queries.ts";

/** Signs in; undefined when the credentials are wrong, or the person has no place in a tenant any more. */
export async function enter(
  { database, library }: { readonly database: Database; readonly library: IdentityLibrary },
  { email, password }: { readonly email: string; readonly password: string },
  exchange: SessionExchange,
): Promise<Me | undefined> {
  const session = await library.signIn({ email, password });
  if (session === undefined) return undefined;
  const operator = await operatorOf(database.system, session.userId);
  if (operator === undefined) return undefined;
  exchange.setCookies(session.setCookies);
  const name = await tenantName(database.system, operator.tenantId);
  return meOf({ kind: "user", ...operator }, name);
}

export const meOf = (
  { kind, tenantId, name, email, role }: Omit<Principal, "keyId">,
  tenant: string,
): Me => ({
  tenantId,
  tenantName: tenant,
  kind,
  name,
  email,
  role,
  permissions: permissionsOf(role),
});

export const credentialsWrong = (): ApiError =>
  new ApiError("credentials-wrong", "The e-mail address or the password is wrong.");

export const tooMany = (): ApiError =>
  new ApiError("too-many-requests", "Too many tries; wait some minutes and try again.");
