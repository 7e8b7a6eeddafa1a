import type { InstantMs } from "@moult/base";
import type { ProductName, Sha256 } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { openPreauthorisation, productOfToken } from "./enrolment-queries.ts";
import { enrolmentSecretDigest } from "./enrolment-secret.ts";

/**
 * The product that a device asks to join whose protocol has no word for it: what its preauthorisation says, else its token.
 * Undefined: nothing vouches for it.
 */
export async function joiningProduct(
  db: TenantDb,
  keyFingerprint: Sha256,
  token: string | undefined,
  at: InstantMs,
): Promise<ProductName | undefined> {
  const preauthorisation = await openPreauthorisation(db, keyFingerprint);
  if (preauthorisation !== undefined) return preauthorisation.product;
  return token === undefined ? undefined : productOfToken(db, enrolmentSecretDigest(token), at);
}
