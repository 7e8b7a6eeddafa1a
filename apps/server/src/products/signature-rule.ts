import { verifyKeyFromPem, type VerifyKey } from "@moult/artifact";
import type { ProductName } from "@moult/model";
import type { TenantDb } from "../platform/tenant-db.ts";
import { productNamed } from "./queries.ts";

/** How a product's artifacts must be signed to be taken. */
export interface SignatureRule {
  /** A signature by one of `keys` must be there. */
  readonly required: boolean;
  /** Empty: a signature that is there cannot be checked, and is shown as unverified. */
  readonly keys: readonly VerifyKey[];
}

/** The rule that holds for the product's uploads now; undefined when there is no such product. */
export async function signatureRule(
  db: TenantDb,
  product: ProductName,
): Promise<SignatureRule | undefined> {
  const found = await productNamed(db, product);
  if (found === undefined) return undefined;
  return { required: found.requireSignature, keys: found.artifactKeys.map(verifyKeyFromPem) };
}
