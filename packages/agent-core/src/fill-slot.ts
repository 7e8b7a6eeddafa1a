import type { SlotDevice } from "./slot-device.ts";

// Filling a slot, and reading it back, as fast as its medium: what is read, compared and written is done beside what comes
// next, and in large parts, because on a small processor the turns cost more than the bytes.

/** What is written and read back at once; two of them are in memory. */
const PART_BYTES = 1024 * 1024;
/**
 * What is compared. Of what a slot holds already nothing is written: flash wears by writes, and two releases of one system have
 * most blocks in common.
 */
const BLOCK_BYTES = 64 * 1024;
/** Where nothing was the same, so much of every fourth block is looked at before the whole is read. */
const PROBE_BYTES = 4 * 1024;
const PROBE_EVERY_BYTES = 4 * BLOCK_BYTES;

export interface Filled {
  readonly written: number;
  readonly changed: number;
}

/** Writes what differs. Ends early, with the bytes that it saw, when more come than `sizeBytes`. */
export async function fillSlot(
  device: SlotDevice,
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): Promise<Filled> {
  let written = 0;
  let changed = 0;
  let isAllNew = false;
  const place = async (offset: number, part: Uint8Array): Promise<void> => {
    const changedBytes = await writeDifferences(device, offset, part, isAllNew);
    isAllNew = changedBytes === part.length;
    changed += changedBytes;
  };
  let placing = Promise.resolve();
  try {
    for await (const part of partsOf(content)) {
      await placing;
      if (written + part.length > sizeBytes) return { written: written + part.length, changed };
      placing = place(written, part);
      // It is awaited, and may fail before that.
      placing.catch(() => undefined);
      written += part.length;
    }
  } finally {
    // Nothing writes any more when this ends, however it ends.
    await placing.catch(() => undefined);
  }
  await placing;
  return { written, changed };
}

/** SHA-256 over bytes that come in parts. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** What the first `sizeBytes` of a device digest to; of a device that has become shorter, what there is. */
export async function digestOfSlot(
  device: SlotDevice,
  sizeBytes: number,
  hasher: Hasher,
): Promise<Uint8Array> {
  const partAt = (offset: number): Promise<Uint8Array> => {
    const part = device.read(offset, Math.min(PART_BYTES, sizeBytes - offset));
    part.catch(() => undefined);
    return part;
  };
  let next = partAt(0);
  for (let offset = 0; offset < sizeBytes;) {
    const part = await next;
    if (part.length === 0) break;
    offset += part.length;
    if (offset < sizeBytes) next = partAt(offset);
    hasher.update(part);
  }
  return hasher.digest();
}

/** Returns how many bytes of `part` were written. */
async function writeDifferences(
  device: SlotDevice,
  offset: number,
  part: Uint8Array,
  isAllNew: boolean,
): Promise<number> {
  if (isAllNew && !(await hasAnyInCommon(device, offset, part))) {
    await device.write(offset, part);
    return part.length;
  }
  // A place that was being written when power went may not be readable until it is written again.
  const before = await device.read(offset, part.length).catch(() => undefined);
  let changed = 0;
  for (const [start, end] of differences(before, part)) {
    await device.write(offset + start, part.subarray(start, end));
    changed += end - start;
  }
  return changed;
}

/**
 * To read what a slot holds costs as much as to write it; where a release shares nothing with it, a look has to do. Never at the
 * first block: a system that finds the bytes before in its cache, where they were just written, takes the look for the beginning of
 * a long read, and reads all of it ahead.
 */
async function hasAnyInCommon(
  device: SlotDevice,
  offset: number,
  part: Uint8Array,
): Promise<boolean> {
  const looks: Promise<boolean>[] = [];
  for (
    let start = PROBE_EVERY_BYTES - BLOCK_BYTES;
    start < part.length;
    start += PROBE_EVERY_BYTES
  ) {
    const wanted = part.subarray(start, start + PROBE_BYTES);
    looks.push(
      device.read(offset + start, wanted.length).then(
        (found) => isSame(found, wanted),
        () => false,
      ),
    );
  }
  return looks.length === 0 || (await Promise.all(looks)).includes(true);
}

/** Runs of blocks that differ, as starts and ends in `part`. */
function differences(before: Uint8Array | undefined, part: Uint8Array): [number, number][] {
  if (before === undefined) return [[0, part.length]];
  const runs: [number, number][] = [];
  for (let start = 0; start < part.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, part.length);
    if (isSame(before.subarray(start, end), part.subarray(start, end))) continue;
    const last = runs.at(-1);
    if (last?.[1] === start) last[1] = end;
    else runs.push([start, end]);
  }
  return runs;
}

const WORD_BYTES = 4;

/** Ends at the first difference: nothing is secret here. By words, because to look at every byte takes longer than to write it. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let index = 0;
  if (left.byteOffset % WORD_BYTES === 0 && right.byteOffset % WORD_BYTES === 0) {
    const words = Math.floor(left.length / WORD_BYTES);
    const [lefts, rights] = [wordsOf(left, words), wordsOf(right, words)];
    for (let word = 0; word < words; word += 1) if (lefts[word] !== rights[word]) return false;
    index = words * WORD_BYTES;
  }
  for (; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

const wordsOf = ({ buffer, byteOffset }: Uint8Array, words: number): Uint32Array =>
  new Uint32Array(buffer, byteOffset, words);

/**
 * In parts of one size, but the last. Two pieces of memory take turns: a part is the taker's until the one after the next is
 * asked for.
 */
async function* partsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [part, other] = [new Uint8Array(PART_BYTES), new Uint8Array(PART_BYTES)];
  let length = 0;
  for await (const chunk of content) {
    for (let start = 0; start < chunk.length;) {
      const piece = chunk.subarray(start, start + PART_BYTES - length);
      part.set(piece, length);
      length += piece.length;
      start += piece.length;
      if (length < PART_BYTES) continue;
      yield part;
      [part, other] = [other, part];
      length = 0;
    }
  }
  if (length > 0) yield part.subarray(0, length);
}
