import { randomBytes } from "node:crypto";
import type { SlotDevice } from "@moult/agent-core";
import { expect, test } from "vitest";
import { recordedLog } from "../installers/installer.fixture.ts";
import { anEsp } from "./esp.fixture.ts";
import { findFatFile } from "./fat-file.ts";
import { placeKernel } from "./kernel-place.ts";

const ROOM_BYTES = 300_000;
const esp = anEsp({ kernelBytes: ROOM_BYTES });

class Partition implements SlotDevice {
  readonly bytes: Uint8Array;
  readonly writes: { readonly offset: number; readonly end: number }[] = [];
  writesLeft = Infinity;
  /** What the medium makes of the next writes. */
  isRotten = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice();
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(offset: number, lengthBytes: number): Promise<Uint8Array> {
    return Promise.resolve(this.bytes.slice(offset, offset + lengthBytes));
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.writesLeft -= 1;
    if (this.writesLeft < 0) throw new Error("the power is gone");
    this.writes.push({ offset, end: offset + bytes.length });
    if (!this.isRotten) this.bytes.set(bytes, offset);
  }

  sync = (): Promise<void> => Promise.resolve();
  dropCache = (): Promise<void> => Promise.resolve();
}

async function* inParts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007);
}
const place = (partition: Partition, kernel: Uint8Array, slot: "a" | "b" = "b") =>
  placeKernel(
    partition,
    slot,
    { sizeBytes: kernel.length, content: inParts(kernel) },
    recordedLog(),
  );

async function fileIn(partition: Partition, name: string): Promise<Buffer> {
  const { extents, sizeBytes } = await findFatFile(partition, `EFI/LINUX/${name}`);
  const parts = extents.map(({ offset, lengthBytes }) =>
    partition.bytes.subarray(offset, offset + lengthBytes),
  );
  return Buffer.concat(parts).subarray(0, sizeBytes);
}

test.each([1, 65_536, 131_072, 200_001, ROOM_BYTES])(
  "a kernel of %i bytes fills the file of its slot, with zeroes behind it",
  async (sizeBytes) => {
    const partition = new Partition(esp);
    const kernel = randomBytes(sizeBytes);
    await place(partition, kernel);
    const file = await fileIn(partition, "MOULT-B.EFI");
    expect(file.subarray(0, sizeBytes).equals(kernel)).toBe(true);
    expect(file.subarray(sizeBytes).every((byte) => byte === 0)).toBe(true);
  },
);

test("nothing but the slot's own file is written, up to every loss of power, and a repetition ends it", async () => {
  const kernel = randomBytes(250_000);
  const before = new Partition(esp);
  const other = await fileIn(before, "MOULT-A.EFI");
  const { extents } = await findFatFile(before, "EFI/LINUX/MOULT-B.EFI");
  for (let writes = 0; ; writes += 1) {
    const partition = new Partition(esp);
    partition.writesLeft = writes;
    const isDone = await place(partition, kernel).then(
      () => true,
      () => false,
    );
    for (const { offset, end } of partition.writes)
      expect(
        extents.some((one) => one.offset <= offset && end <= one.offset + one.lengthBytes),
      ).toBe(true);
    expect((await fileIn(partition, "MOULT-A.EFI")).equals(other)).toBe(true);
    const after = new Partition(partition.bytes);
    await place(after, kernel);
    expect((await fileIn(after, "MOULT-B.EFI")).subarray(0, kernel.length).equals(kernel)).toBe(
      true,
    );
    if (isDone) break;
  }
});

test("what the file holds already is not written again", async () => {
  const partition = new Partition(esp);
  const kernel = randomBytes(250_000);
  await place(partition, kernel);
  partition.writes.length = 0;
  await place(partition, kernel);
  expect(partition.writes).toEqual([]);
});

test("a kernel that is larger than the file is refused, and nothing is written", async () => {
  const partition = new Partition(esp);
  await expect(place(partition, randomBytes(ROOM_BYTES + 1))).rejects.toThrow("kernel-too-large");
  expect(partition.writes).toEqual([]);
});

test("a kernel that the medium did not keep is not one to start", async () => {
  const partition = new Partition(esp);
  partition.isRotten = true;
  await expect(place(partition, randomBytes(1_000))).rejects.toThrow("kernel-not-kept");
});

test("a file system whose clusters share a page is refused", async () => {
  const partition = new Partition(anEsp({ options: ["-s", "1", "-a"] }));
  await expect(place(partition, randomBytes(1_000))).rejects.toThrow("whole pages");
  expect(partition.writes).toEqual([]);
});

test("tables that give both slots one place are refused", async () => {
  const bytes = esp.slice();
  const text = Buffer.from(bytes.buffer);
  const [a, b] = [text.indexOf("MOULT-A EFI"), text.indexOf("MOULT-B EFI")];
  bytes.set(bytes.subarray(a + 26, a + 28), b + 26);
  await expect(place(new Partition(bytes), randomBytes(1_000))).rejects.toThrow("both kernels");
});
