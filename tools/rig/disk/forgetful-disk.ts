import { assert, type Random } from "@moult/base";
import { survivorsOf, type CutPolicy } from "./cut-policy.ts";

/** What a disk keeps its bytes in. */
export interface DiskBytes {
  readonly sizeBytes: number;
  read(offset: number, lengthBytes: number): Buffer;
  write(offset: number, bytes: Buffer): void;
}

/** What was asked of a disk, in its order. */
export type DiskEvent =
  | {
      readonly kind: "write";
      readonly offset: number;
      readonly bytes: Buffer;
      readonly isForced: boolean;
    }
  | { readonly kind: "flush" };

interface DiskCounters {
  reads: number;
  readBytes: number;
  writes: number;
  writtenBytes: number;
  flushes: number;
  /** Writes that were to be durable when answered (FUA). */
  forcedWrites: number;
  trims: number;
  pendingBytesMax: number;
  cuts: number;
  /** Cuts that found nothing to forget: they prove little. */
  cutsWithNothingPending: number;
  /** Writes of which a cut kept a part. */
  tornWrites: number;
  /** Writes of which a cut kept nothing. */
  lostWrites: number;
}

export interface ForgetfulDiskOptions {
  readonly bytes: DiskBytes;
  /** What the medium writes whole or not at all: 4096 is a friendly disk, 512 a hostile one. */
  readonly atomBytes: number;
  readonly random: Random;
  /** Whether power goes during the write that is asked now: then it is not durable, whatever it asked for. */
  readonly isInterrupted?: () => boolean;
  /** Sees everything that is asked, before it is done. */
  readonly onEvent?: (event: DiskEvent) => void;
}

export interface CutResult {
  readonly pendingWrites: number;
  readonly lostWrites: number;
  readonly tornWrites: number;
}

/**
 * A disk with a volatile cache: what was written is read back at once, but a power cut may take away whatever was not
 * flushed, in any part and in no order.
 */
export interface ForgetfulDisk {
  readonly sizeBytes: number;
  readonly counters: Readonly<DiskCounters>;
  /** While true, writes that ask to be durable are not: as of a bootloader's that no flush ever follows. */
  ignoresForce: boolean;
  /** While true, a flush does nothing, as a disk's that lies. */
  ignoresFlush: boolean;
  /** While true, it fails to write. */
  refusesWrites: boolean;
  read(offset: number, lengthBytes: number): Buffer;
  write(offset: number, bytes: Buffer, isForced?: boolean): void;
  flush(): void;
  /** Changes nothing: what was trimmed may be read as before. */
  trim(): void;
  cutPower(policy: CutPolicy): CutResult;
}

/** A write that is not durable: what its place held before, and what was written there. */
interface PendingWrite {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly before: Buffer;
  readonly after: Buffer;
}

/**
 * `bytes` always is what a reader sees. What is durable is found by undoing the pending writes, newest first; so a flush
 * costs nothing, and a cut as much as was pending.
 */
export function createForgetfulDisk(options: ForgetfulDiskOptions): ForgetfulDisk {
  const { bytes, atomBytes, random, isInterrupted, onEvent = () => undefined } = options;
  const counters = emptyCounters();
  let pending: PendingWrite[] = [];
  let pendingBytes = 0;
  const forget = (): void => {
    pending = [];
    pendingBytes = 0;
  };
  const disk: ForgetfulDisk = {
    sizeBytes: bytes.sizeBytes,
    counters,
    ignoresForce: false,
    ignoresFlush: false,
    refusesWrites: false,
    read: (offset, lengthBytes) => {
      counters.reads += 1;
      counters.readBytes += lengthBytes;
      return bytes.read(offset, lengthBytes);
    },
    write: (offset, written, isForced = false) => {
      const isInside = offset >= 0 && offset + written.length <= bytes.sizeBytes;
      assert(isInside, "a write stays inside the disk");
      onEvent({ kind: "write", offset, bytes: written, isForced });
      counters.writes += 1;
      counters.writtenBytes += written.length;
      if (isForced) counters.forcedWrites += 1;
      if (isForced && !disk.ignoresForce && isInterrupted?.() !== true) {
        // What is durable by its own word is not undone by a write before it, lost or not.
        for (const write of pending) patch(write, offset, written);
      } else {
        const before = bytes.read(offset, written.length);
        pending.push({ offset, lengthBytes: written.length, before, after: Buffer.from(written) });
        pendingBytes += written.length;
        counters.pendingBytesMax = Math.max(counters.pendingBytesMax, pendingBytes);
      }
      bytes.write(offset, written);
    },
    flush: () => {
      onEvent({ kind: "flush" });
      counters.flushes += 1;
      if (!disk.ignoresFlush) forget();
    },
    trim: () => {
      counters.trims += 1;
    },
    cutPower: (policy) => {
      const survivors = survivorsOf(pending, policy, atomBytes, random);
      for (const { offset, before } of pending.toReversed()) bytes.write(offset, before);
      let lostWrites = 0;
      let tornWrites = 0;
      for (const [index, { offset, after, lengthBytes }] of pending.entries()) {
        let kept = 0;
        for (const { start, end } of survivors[index] ?? []) {
          bytes.write(offset + start, after.subarray(start, end));
          kept += end - start;
        }
        if (kept === 0) lostWrites += 1;
        else if (kept < lengthBytes) tornWrites += 1;
      }
      const pendingWrites = pending.length;
      counters.cuts += 1;
      if (pendingWrites === 0) counters.cutsWithNothingPending += 1;
      counters.lostWrites += lostWrites;
      counters.tornWrites += tornWrites;
      forget();
      return { pendingWrites, lostWrites, tornWrites };
    },
  };
  return disk;
}

/** Makes a pending write say what is durable, where the two overlap, whether it survives or not. */
function patch(write: PendingWrite, offset: number, durable: Buffer): void {
  const start = Math.max(write.offset, offset);
  const end = Math.min(write.offset + write.lengthBytes, offset + durable.length);
  if (start >= end) return;
  const part = durable.subarray(start - offset, end - offset);
  part.copy(write.before, start - write.offset);
  part.copy(write.after, start - write.offset);
}

const emptyCounters = (): DiskCounters => ({
  reads: 0,
  readBytes: 0,
  writes: 0,
  writtenBytes: 0,
  flushes: 0,
  forcedWrites: 0,
  trims: 0,
  pendingBytesMax: 0,
  cuts: 0,
  cutsWithNothingPending: 0,
  tornWrites: 0,
  lostWrites: 0,
});
