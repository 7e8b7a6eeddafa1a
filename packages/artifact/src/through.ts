import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DecoderError } from "./decoder-error.ts";

/**
 * Runs a stream through one of zlib's. Its error, or that of the source, comes out of the iteration; leaving the
 * iteration early ends both. Throws a `DecoderError` for input that is left over after the end of compressed data.
 */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Duplex & { readonly bytesWritten: number },
): AsyncGenerator<Uint8Array> {
  let fedBytes = 0;
  let hasEnded = false;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      if (hasEnded) throw new DecoderError("data after the end");
      fedBytes += chunk.length;
      yield chunk;
    }
  };
  const done = pipeline(counted(), transform);
  // An error comes out of the iteration as well; leaving that early makes one that nobody asked for.
  done.catch(() => undefined);
  for await (const chunk of transform) yield chunk as Uint8Array;
  // zlib stops at the end of its data and is silent about what follows it, be it fed already or not.
  hasEnded = true;
  await done;
  if (transform.bytesWritten !== fedBytes) throw new DecoderError("data after the end");
}
