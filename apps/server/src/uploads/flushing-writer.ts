import { SECOND_MS } from "@moult/base";
import type { UploadWriter } from "./upload-files.ts";

/** A disk that is given its work while more arrives has little left to do at the end. */
const FLUSH_BYTES = 8 * 1024 * 1024;
/**
 * What is counted was flushed before, so this is what a power cut can cost: bytes that are sent again. Each count is a
 * transaction; more of them would make a slow disk do nothing else.
 */
const COUNT_BYTES = 32 * 1024 * 1024;
const COUNT_MS = 5 * SECOND_MS;

export interface FlushingWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Counts what is left; says how many bytes there are. Errors of flushes on the way come out here at the latest. */
  end(): Promise<number>;
}

/** Writes from `offset` on. `count` is told of bytes that are durable, in rising numbers, one call at a time. */
export function createFlushingWriter(
  file: UploadWriter,
  offset: number,
  count: (receivedBytes: number) => Promise<void>,
): FlushingWriter {
  let received = offset;
  let flushed = offset;
  let counted = offset;
  let countedMs = performance.now();
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const flush = async (mustCount: boolean): Promise<void> => {
    const upTo = received;
    await file.flush();
    flushed = upTo;
    const isDue = flushed - counted >= COUNT_BYTES || performance.now() - countedMs >= COUNT_MS;
    if (!mustCount && !isDue) return;
    await count(flushed);
    counted = flushed;
    countedMs = performance.now();
  };
  const flushMeanwhile = (): void => {
    running = flush(false)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => (running = undefined));
  };

  return {
    write: async (chunk) => {
      if (failure !== undefined) throw failure.error;
      await file.write(chunk, received);
      received += chunk.length;
      const isDue = received - flushed >= FLUSH_BYTES || performance.now() - countedMs >= COUNT_MS;
      if (isDue && running === undefined) flushMeanwhile();
    },
    end: async () => {
      await running;
      if (failure !== undefined) throw failure.error;
      if (received > counted) await flush(true);
      return received;
    },
  };
}
