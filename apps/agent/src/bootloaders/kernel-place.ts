import { createHash } from "node:crypto";
import type { Slot, SlotDevice } from "@moult/agent-core";
import { equalBytes, type Log } from "@moult/base";
import { BootError } from "./boot-error.ts";
import { findFatFile, type Extent } from "./fat-file.ts";

// systemd-boot starts what lies on the EFI system partition, and nothing else. Each slot has one file there, made in the factory
// and as large as any kernel will be; it is filled in place, sector by sector, and the file system's tables stay as they are.
// Only the file of the slot that does not run is written, before that slot is put on trial.

const FILE_OF: Readonly<Record<Slot, string>> = {
  a: "EFI/LINUX/MOULT-A.EFI",
  b: "EFI/LINUX/MOULT-B.EFI",
};

/** What the page cache writes back at once: two files must never share one. */
const PAGE_BYTES = 4_096;
const BLOCK_BYTES = 64 * 1_024;

/** The kernel that a system brings: one program for the firmware, with its initrd and its command line. */
export interface SlotKernel {
  readonly sizeBytes: number;
  /** In order, in parts of any size. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Fills a slot's file with its kernel, zeroes behind it, and reads it back from the medium. May be repeated after any
 * interruption. Throws `kernel-too-large`, `kernel-not-kept`, `boot-environment-missing`.
 */
export async function placeKernel(
  partition: SlotDevice,
  slot: Slot,
  { sizeBytes, content }: SlotKernel,
  log: Log,
): Promise<void> {
  const place = await placeOf(partition, slot);
  if (sizeBytes > place.sizeBytes)
    throw new BootError("kernel-too-large", { slot, sizeBytes, roomBytes: place.sizeBytes });
  const wanted = createHash("sha256");
  let at = 0;
  let changedBytes = 0;
  for await (const block of paddedTo(content, place.sizeBytes)) {
    wanted.update(block);
    const before = await place.read(at, block.length).catch(() => undefined);
    if (before === undefined || !equalBytes(before, block)) {
      await place.write(at, block);
      changedBytes += block.length;
    }
    at += block.length;
  }
  await partition.sync();
  await partition.dropCache();
  const found = createHash("sha256");
  for (let start = 0; start < place.sizeBytes; start += BLOCK_BYTES)
    found.update(await place.read(start, Math.min(BLOCK_BYTES, place.sizeBytes - start)));
  if (!found.digest().equals(wanted.digest())) throw new BootError("kernel-not-kept", { slot });
  log.info("kernel-placed", { slot, bytes: sizeBytes, changedBytes });
}

interface Place {
  readonly sizeBytes: number;
  read(at: number, lengthBytes: number): Promise<Uint8Array>;
  write(at: number, bytes: Uint8Array): Promise<void>;
}

async function placeOf(partition: SlotDevice, slot: Slot): Promise<Place> {
  const [file, other] = [
    await findFatFile(partition, FILE_OF[slot]),
    await findFatFile(partition, FILE_OF[slot === "a" ? "b" : "a"]),
  ];
  for (const { offset, lengthBytes } of file.extents) {
    if (offset % PAGE_BYTES !== 0 || lengthBytes % PAGE_BYTES !== 0)
      throw missing(`its clusters are not whole pages; make it with \`mkfs.fat -s 8\``);
    // The one that runs must not be in what is written, whatever the tables say.
    if (
      other.extents.some(
        (one) => one.offset < offset + lengthBytes && offset < one.offset + one.lengthBytes,
      )
    )
      throw missing("its file system gives one place to both kernels");
  }
  return {
    sizeBytes: file.sizeBytes,
    read: async (at, lengthBytes) => {
      const parts: Uint8Array[] = [];
      for (const piece of piecesOf(file.extents, at, lengthBytes))
        parts.push(await partition.read(piece.offset, piece.lengthBytes));
      return Buffer.concat(parts);
    },
    write: async (at, bytes) => {
      let done = 0;
      for (const { offset, lengthBytes } of piecesOf(file.extents, at, bytes.length)) {
        await partition.write(offset, bytes.subarray(done, done + lengthBytes));
        done += lengthBytes;
      }
    },
  };
}

/** Where a part of a file lies. */
function piecesOf(extents: readonly Extent[], at: number, lengthBytes: number): Extent[] {
  const pieces: Extent[] = [];
  let start = 0;
  for (const extent of extents) {
    const from = Math.max(at, start);
    const to = Math.min(at + lengthBytes, start + extent.lengthBytes);
    if (from < to) pieces.push({ offset: extent.offset + from - start, lengthBytes: to - from });
    start += extent.lengthBytes;
  }
  return pieces;
}

/** In blocks of one size but the last, with zeroes up to the end. */
async function* paddedTo(
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<Uint8Array> {
  let left = sizeBytes;
  let block = Buffer.alloc(0);
  const whole = () => Math.min(BLOCK_BYTES, left);
  for await (const chunk of content) {
    block = Buffer.concat([block, chunk]);
    while (left > 0 && block.length >= whole()) {
      const next = block.subarray(0, whole());
      block = block.subarray(next.length);
      left -= next.length;
      yield next;
    }
  }
  while (left > 0) {
    const next = Buffer.alloc(whole());
    block.copy(next);
    block = Buffer.alloc(0);
    left -= next.length;
    yield next;
  }
}

const missing = (reason: string): BootError =>
  new BootError("boot-environment-missing", { reason });
