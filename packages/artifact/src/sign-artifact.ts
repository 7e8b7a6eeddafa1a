import { concatBytes } from "@moult/base";
import { openArtifact, type ArtifactReadOptions } from "./read-artifact.ts";
import type { ManifestSigner } from "./signing-key.ts";
import { signatureEntry } from "./write-head.ts";

/**
 * The same artifact with `signer`'s signature, which replaces the one it has, if any (section 2.3).
 *
 * The artifact is verified while it passes through, so that nobody signs what is damaged: an error may come after most
 * of the output, and what was written until then is then to be thrown away.
 */
export async function* signArtifact(
  source: AsyncIterable<Uint8Array>,
  signer: ManifestSigner,
  options: Omit<ArtifactReadOptions, "verifyKeys"> = {},
): AsyncGenerator<Uint8Array> {
  const passed: Uint8Array[] = [];
  const tap = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      passed.push(chunk);
      yield chunk;
    }
  };
  const { reading, manifestBytes, signatureAt } = await openArtifact(tap(), options);
  try {
    const begin = concatBytes(passed.splice(0));
    yield begin.subarray(0, signatureAt.start);
    yield await signatureEntry(manifestBytes, signer);
    yield begin.subarray(signatureAt.end);
    for await (const file of reading.payloadFiles())
      for await (const _ of file.content) yield* passed.splice(0);
    await reading.finish();
    yield* passed.splice(0);
  } finally {
    await reading.close();
  }
}
