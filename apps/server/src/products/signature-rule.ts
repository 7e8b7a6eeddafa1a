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
  /** The same keys, comparable. */
  readonly pems: readonly string[];
}

/** The rule that holds for the product's uploads now; undefined when there is no such product. */
export async function signatureRule(
  db: TenantDb,
  product: ProductName,
): Promise<SignatureRule | undefined> {
  const found = await productNamed(db, product);
  if (found === undefined) return undefined;
  return {
    required: found.requireSignature,
    keys: found.artifactKeys.map(verifyKeyFromPem),
    pems: found.artifactKeys,
  };
}

/** Whether what one rule lets in, the other lets in too. */
export function isSameRule(left: SignatureRule, right: SignatureRule): boolean {
  return (
    left.required === right.required &&
    left.pems.length === right.pems.length &&
    left.pems.every((pem, index) => pem === right.pems[index])
  );
}
