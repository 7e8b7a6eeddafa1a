import { seededRandom } from "@moult/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CUT_POLICIES, granulesOf, survivorsOf, type CutPolicy } from "./cut-policy.ts";
import { createForgetfulDisk, type ForgetfulDisk } from "./forgetful-disk.ts";
import { memoryBytes } from "./memory-bytes.fixture.ts";

const SECTOR = 512;
const SECTORS = 32;

const diskOf = (content: Buffer, { atomBytes = SECTOR, seed = 1 } = {}): ForgetfulDisk =>
  createForgetfulDisk({ bytes: memoryBytes(content), atomBytes, random: seededRandom(seed) });

const sector = (mark: number): Buffer => Buffer.alloc(SECTOR, mark);

/** What each sector begins with. */
const marksOf = (content: Buffer): number[] =>
  Array.from({ length: content.length / SECTOR }, (_, index) => content[index * SECTOR] ?? -1);

describe("a cut", () => {
  test("takes away what was written and not flushed, and nothing of what was flushed before", () => {
    const content = Buffer.alloc(4 * SECTOR);
    const disk = diskOf(content);
    disk.write(0, sector(1));
    disk.flush();
    disk.write(0, sector(2));
    disk.write(SECTOR, sector(3));
    expect(marksOf(content)).toEqual([2, 3, 0, 0]);

    const { pendingWrites, lostWrites } = disk.cutPower("none");

    expect(marksOf(content)).toEqual([1, 0, 0, 0]);
    expect({ pendingWrites, lostWrites }).toEqual({ pendingWrites: 2, lostWrites: 2 });
  });

  test("leaves what was to be durable at once, also where older writes to its place are lost or survive", () => {
    for (const policy of CUT_POLICIES)
      for (let seed = 0; seed < 20; seed += 1) {
        const content = Buffer.alloc(4 * SECTOR);
        const disk = diskOf(content, { seed });
        disk.write(0, Buffer.alloc(3 * SECTOR, 1));
        disk.write(SECTOR, sector(9), true);
        disk.cutPower(policy);
        expect(marksOf(content)[1]).toBe(9);
      }
  });

  test("takes away what was to be durable at once too, while the disk ignores that word", () => {
    const content = Buffer.alloc(SECTOR);
    const disk = diskOf(content);
    disk.ignoresForce = true;
    disk.write(0, sector(9), true);
    disk.cutPower("none");
    expect(marksOf(content)).toEqual([0]);
  });

  test("may take away the very write during which power goes, whatever that asked for", () => {
    const content = Buffer.alloc(SECTOR);
    const disk = createForgetfulDisk({
      bytes: memoryBytes(content),
      atomBytes: SECTOR,
      random: seededRandom(1),
      isInterrupted: () => true,
    });
    disk.write(0, sector(9), true);
    expect(disk.cutPower("none")).toMatchObject({ pendingWrites: 1, lostWrites: 1 });
    expect(marksOf(content)).toEqual([0]);
  });

  test("takes away what was flushed, while the disk lies about that", () => {
    const content = Buffer.alloc(SECTOR);
    const disk = diskOf(content);
    disk.ignoresFlush = true;
    disk.write(0, sector(9));
    disk.flush();
    disk.cutPower("none");
    expect(marksOf(content)).toEqual([0]);
  });

  test("that keeps a beginning keeps no later write without all the earlier ones", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed += 1) {
      const content = Buffer.alloc(3 * SECTOR);
      const disk = diskOf(content, { seed });
      for (const index of [0, 1, 2]) disk.write(index * SECTOR, sector(1));
      disk.cutPower("prefix");
      seen.add(marksOf(content).join(""));
    }
    expect([...seen].toSorted()).toEqual(["000", "100", "110", "111"]);
  });

  test("that keeps a subset keeps each one of them sooner or later, and never half a write", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 400; seed += 1) {
      const content = Buffer.alloc(4 * SECTOR);
      const disk = diskOf(content, { seed });
      disk.write(0, Buffer.alloc(2 * SECTOR, 1));
      disk.write(2 * SECTOR, Buffer.alloc(2 * SECTOR, 1));
      disk.cutPower("subset");
      seen.add(marksOf(content).join(""));
    }
    expect([...seen].toSorted()).toEqual(["0000", "0011", "1100", "1111"]);
  });

  test("that tears leaves every mixture of granules sooner or later, but none torn itself", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 400; seed += 1) {
      const content = Buffer.alloc(4 * SECTOR);
      const disk = diskOf(content, { seed, atomBytes: 2 * SECTOR });
      disk.write(SECTOR, Buffer.alloc(3 * SECTOR, 1));
      disk.cutPower("torn");
      seen.add(marksOf(content).join(""));
    }
    expect([...seen].toSorted()).toEqual(["0000", "0011", "0100", "0111"]);
  });

  test("is the same again with the same seed", () => {
    const run = (seed: number): string => {
      const content = Buffer.alloc(SECTORS * SECTOR);
      const disk = diskOf(content, { seed });
      disk.write(0, Buffer.alloc(SECTORS * SECTOR, 1));
      disk.cutPower("torn");
      return marksOf(content).join("");
    };
    expect(run(7)).toBe(run(7));
    expect(new Set([1, 2, 3, 4].map(run)).size).toBeGreaterThan(1);
  });
});

interface Step {
  readonly kind: "write" | "force" | "flush" | "cut";
  readonly first: number;
  readonly count: number;
  readonly policy: CutPolicy;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("write", "write", "write", "force", "flush", "cut"),
    first: fc.nat(SECTORS - 1),
    count: fc.integer({ min: 1, max: 6 }),
    policy: fc.constantFrom(...CUT_POLICIES),
  }),
  { maxLength: 40 },
);

test("whatever is asked, a sector holds after a cut what was last durable there or what was written since", () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.constantFrom(SECTOR, 4 * SECTOR), (asked, seed, atomBytes) => {
      const content = Buffer.alloc(SECTORS * SECTOR);
      const disk = diskOf(content, { seed, atomBytes });
      // For each sector: what may be there after a cut; the last is what is read now.
      let possible = Array.from({ length: SECTORS }, () => [0]);
      let mark = 0;
      for (const { kind, first, count, policy } of asked) {
        const places = range(first, Math.min(SECTORS, first + count));
        if (kind === "write" || kind === "force") {
          mark = (mark % 250) + 1;
          disk.write(first * SECTOR, Buffer.alloc(places.length * SECTOR, mark), kind === "force");
          for (const place of places)
            possible[place] = kind === "force" ? [mark] : [...(possible[place] ?? []), mark];
        } else if (kind === "flush") {
          disk.flush();
          possible = possible.map((marks) => marks.slice(-1));
        } else {
          disk.cutPower(policy);
          const found = marksOf(content);
          for (const place of range(0, SECTORS)) {
            const allowed = possible[place] ?? [];
            const expected =
              policy === "none"
                ? allowed.slice(0, 1)
                : policy === "all"
                  ? allowed.slice(-1)
                  : allowed;
            expect(expected).toContain(found[place]);
          }
          possible = found.map((now) => [now]);
        }
        expect(marksOf(content)).toEqual(possible.map((marks) => marks.at(-1)));
      }
    }),
    { numRuns: 300 },
  );
});

test("a write is cut into granules that meet, cover it, and cross no atom", () => {
  const extents = fc.record({
    offset: fc.nat(10_000),
    lengthBytes: fc.integer({ min: 1, max: 20_000 }),
  });
  fc.assert(
    fc.property(extents, fc.constantFrom(512, 4096), (extent, atomBytes) => {
      const granules = granulesOf(extent, atomBytes);
      expect(granules.map(({ start }) => start)).toEqual([
        0,
        ...granules.slice(0, -1).map(({ end }) => end),
      ]);
      expect(granules.at(-1)?.end).toBe(extent.lengthBytes);
      for (const { start, end } of granules)
        expect(Math.floor((extent.offset + start) / atomBytes)).toBe(
          Math.floor((extent.offset + end - 1) / atomBytes),
        );
    }),
  );
});

test("a cut is counted with what it did, and one that found nothing to forget as such", () => {
  const disk = diskOf(Buffer.alloc(8 * SECTOR));
  disk.cutPower("all");
  disk.write(0, Buffer.alloc(8 * SECTOR, 1));
  disk.cutPower("none");
  expect(disk.counters).toMatchObject({
    cuts: 2,
    cutsWithNothingPending: 1,
    lostWrites: 1,
    pendingBytesMax: 8 * SECTOR,
  });
  expect(survivorsOf([], "torn", SECTOR, seededRandom(1))).toEqual([]);
});

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
