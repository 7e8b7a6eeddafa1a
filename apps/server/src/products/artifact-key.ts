import { ArtifactError, verifyKeyFromPem } from "@moult/artifact";

/** Keys as a product keeps them, or which of them cannot be used and why. */
export type ArtifactKeysRead =
  | { readonly kind: "usable"; readonly pems: readonly string[] }
  | {
      readonly kind: "unusable";
      readonly issues: readonly { readonly path: string; readonly message: string }[];
    };

const HOW_TO =
  "give one PEM block `BEGIN PUBLIC KEY` (SubjectPublicKeyInfo) with an RSA key of 2048 bits or more, or an ECDSA P-256 key";

/**
 * Reads keys that may sign a product's artifacts. They are kept in one spelling, so that the same key given twice is one
 * key, and text around the PEM block is never stored.
 */
export function readArtifactKeys(given: readonly string[]): ArtifactKeysRead {
  const pems = new Set<string>();
  const issues: { path: string; message: string }[] = [];
  for (const [index, text] of given.entries()) {
    const read = readKey(text);
    if (read.kind === "usable") pems.add(read.pem);
    else issues.push({ path: `artifactKeys.${index}`, message: `${read.reason}; ${HOW_TO}` });
  }
  return issues.length === 0 ? { kind: "usable", pems: [...pems] } : { kind: "unusable", issues };
}

function readKey(
  text: string,
):
  | { readonly kind: "usable"; readonly pem: string }
  | { readonly kind: "unusable"; readonly reason: string } {
  const blocks = text.match(/-----BEGIN [A-Z0-9 ]+-----/g) ?? [];
  if (blocks.some((block) => block.includes("PRIVATE KEY")))
    return {
      kind: "unusable",
      reason: "this is a private key: it must not leave the signer, and should be replaced",
    };
  if (blocks.length !== 1 || blocks[0] !== "-----BEGIN PUBLIC KEY-----")
    return { kind: "unusable", reason: "this is not one public key in PEM" };
  try {
    const { publicKey } = verifyKeyFromPem(text);
    return {
      kind: "usable",
      pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    };
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const { reason } = error.context;
    return { kind: "unusable", reason: typeof reason === "string" ? reason : "unusable" };
  }
}
