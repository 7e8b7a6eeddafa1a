import type { Fates } from "./fates.ts";
import { granulesOf, SystemError } from "./simulated-folder.ts";

/** One slot's partition, with the system's cache before it and the medium behind. */
export class SimulatedSlot {
  readonly sizeBytes: number;
  /** What certainly is on the medium. */
  #medium: Uint8Array;
  /** What the system reads until its cache is dropped. */
  #cache: Uint8Array;
  #writes: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  /** Places that were being written when power went and cannot be read since. */
  readonly #unreadable = new Set<number>();
  /** The next sync stores one byte wrongly and says nothing: a worn medium, a bad cable. */
  willCorrupt = false;

  constructor(image: Uint8Array, sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.#medium = new Uint8Array(sizeBytes);
    this.#medium.set(image);
    this.#cache = this.#medium.slice();
  }

  read(offset: number, lengthBytes: number): Uint8Array {
    for (const place of this.#unreadable)
      if (place >= offset && place < offset + lengthBytes) throw new SystemError("EIO", "read");
    return this.#cache.slice(offset, offset + lengthBytes);
  }

  write(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > this.sizeBytes) throw new SystemError("ENOSPC", "write");
    this.#cache.set(bytes, offset);
    this.#writes.push({ offset, bytes: bytes.slice() });
    for (const place of this.#unreadable)
      if (place >= offset && place < offset + bytes.length) this.#unreadable.delete(place);
  }

  sync(): void {
    for (const { offset, bytes } of this.#writes) this.#medium.set(bytes, offset);
    const [first] = this.#writes;
    if (this.willCorrupt && first !== undefined) {
      this.#medium[first.offset] = (this.#medium[first.offset] ?? 0) ^ 0x5a;
      this.willCorrupt = false;
    }
    this.#writes = [];
  }

  /** What is not synced yet stays: only what the medium has is read from there again. */
  dropCache(): void {
    this.#cache = this.#medium.slice();
    for (const { offset, bytes } of this.#writes) this.#cache.set(bytes, offset);
  }

  get pendingCount(): number {
    return this.#writes.length;
  }

  cut(fates: Fates): void {
    const parts = this.#writes.flatMap((write) => granulesOf(write, fates.granuleBytes));
    const survivors = fates.surviving(parts.length);
    for (const [index, { offset, bytes }] of parts.entries()) {
      if (survivors[index] === true) this.#medium.set(bytes, offset);
      if (fates.damages()) this.#unreadable.add(offset);
    }
    this.#writes = [];
    this.#cache = this.#medium.slice();
  }

  /** A bit flips by itself. */
  rot(offset: number): void {
    this.#medium[offset] = (this.#medium[offset] ?? 0) ^ 0x01;
    this.#cache = this.#medium.slice();
  }

  /** What a bootloader loads; null when a part of it cannot be read. */
  get raw(): Uint8Array | null {
    return this.#unreadable.size > 0 ? null : this.#medium;
  }
}
