import { execFileSync } from "node:child_process";
import { textFromUtf8, utf8 } from "@moult/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BOOT_COPY_BYTES,
  bootWrite,
  chooseBoot,
  decodeBootCopy,
  encodeBootCopy,
  type BootCopies,
  type BootEnvironment,
} from "./boot-environment.ts";
import { posixCksum } from "./posix-cksum.ts";

const environment = (parts: Partial<BootEnvironment> = {}): BootEnvironment => ({
  generation: 7,
  good: "a",
  trial: null,
  triesLeft: 0,
  ...parts,
});
const copy = (parts: Partial<BootEnvironment> = {}): Uint8Array =>
  encodeBootCopy(environment(parts));
const onTrial = { trial: "b", triesLeft: 2 } as const;

const anEnvironment: fc.Arbitrary<BootEnvironment> = fc
  .record({
    generation: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 1e14 })),
    good: fc.constantFrom("a", "b"),
    isTrial: fc.boolean(),
    triesLeft: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ generation, good, isTrial, triesLeft }) => ({
    generation,
    good,
    trial: isTrial ? (good === "a" ? "b" : "a") : null,
    triesLeft: isTrial ? triesLeft : 0,
  }));

describe("a copy of the boot environment", () => {
  test("is one sector that a shell can read", () => {
    const text = textFromUtf8(copy({ trial: "b", triesLeft: 1 })) ?? "";
    expect(text).toMatch(
      /^# moult boot environment 1\ngeneration=7\ngood=a\ntrial=b\ntries=1\ncksum=\d+\n#+$/,
    );
    expect(text.length).toBe(BOOT_COPY_BYTES);
    const lines = text.slice(0, text.indexOf("cksum="));
    const [sum] = execFileSync("cksum", { input: lines, encoding: "utf8" }).split(" ");
    expect(text).toContain(`cksum=${sum}\n`);
  });

  test("gives back what was written into it", () => {
    fc.assert(
      fc.property(anEnvironment, (written) => {
        expect(decodeBootCopy(encodeBootCopy(written))).toEqual(written);
      }),
    );
  });

  test("that has one other byte anywhere is none", () => {
    const place = fc.integer({ min: 0, max: BOOT_COPY_BYTES - 1 });
    fc.assert(
      fc.property(anEnvironment, place, fc.integer({ min: 1, max: 255 }), (written, at, change) => {
        const bytes = encodeBootCopy(written);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect(decodeBootCopy(bytes)).toBeUndefined();
      }),
    );
  });

  test("whose second half never arrived is none", () => {
    const before = copy(onTrial);
    const after = copy({ generation: 8, good: "b" });
    for (let end = 1; end < 110; end += 1) {
      const torn = Uint8Array.from([...after.subarray(0, end), ...before.subarray(end)]);
      const reading = decodeBootCopy(torn);
      if (reading !== undefined)
        expect([environment(onTrial), decodeBootCopy(after)]).toContainEqual(reading);
    }
  });

  test.each([
    ["nothing", ""],
    ["a short one", "# moult boot environment 1\n"],
    [
      "one with another first line",
      textFromUtf8(copy())?.replace("environment 1", "environment 2"),
    ],
    ["zeros", "\0".repeat(BOOT_COPY_BYTES)],
  ])("%s is none", (_, text = "") => {
    expect(decodeBootCopy(utf8(text))).toBeUndefined();
  });

  test.each<[string, Partial<BootEnvironment>]>([
    ["a trial of the good slot", { good: "b", trial: "b", triesLeft: 1 }],
    ["tries without a trial", { triesLeft: 1 }],
    ["more tries than there are", { trial: "b", triesLeft: 10 }],
  ])("cannot say %s", (_, parts) => {
    expect(() => copy(parts)).toThrow("within its bounds");
  });
});

test("the check is the one of the program cksum", () => {
  const bytes = fc.uint8Array({ maxLength: 700 });
  fc.assert(
    fc.property(bytes, (input) => {
      const said = execFileSync("cksum", { input, encoding: "utf8" });
      expect(said).toBe(`${posixCksum(input)} ${input.length}\n`);
    }),
    { numRuns: 30 },
  );
});

describe("a start", () => {
  test("without a trial is from the good slot, and writes nothing", () => {
    const copies: BootCopies = [copy({ generation: 7, good: "b" }), copy({ generation: 6 })];
    expect(chooseBoot(copies)).toEqual({ slot: "b", write: null, good: "b", isCertain: true });
  });

  test("of a trial takes one try away before it", () => {
    const copies: BootCopies = [copy({ generation: 7, ...onTrial }), copy({ generation: 6 })];
    const { slot, write, good } = chooseBoot(copies);
    expect({ slot, good, copy: write?.copy }).toEqual({ slot: "b", good: "a", copy: 1 });
    expect(decodeBootCopy(write?.bytes ?? new Uint8Array())).toEqual(
      environment({ generation: 8, trial: "b", triesLeft: 1 }),
    );
  });

  test("of a trial whose tries are used up is from the good slot", () => {
    const copies: BootCopies = [copy({ trial: "b", triesLeft: 0 }), undefined];
    expect(chooseBoot(copies)).toEqual({ slot: "a", write: null, good: "a", isCertain: true });
  });

  test("goes by the higher generation, whichever copy has it", () => {
    expect(chooseBoot([copy({ generation: 9 }), copy({ generation: 10, good: "b" })]).slot).toBe(
      "b",
    );
    expect(chooseBoot([copy({ generation: 10, good: "b" }), copy({ generation: 9 })]).slot).toBe(
      "b",
    );
  });

  test("without a valid copy is from slot a, and known to be a guess", () => {
    const decision = { slot: "a", write: null, good: "a", isCertain: false };
    expect(chooseBoot([undefined, new Uint8Array(BOOT_COPY_BYTES)])).toEqual(decision);
  });

  test("after a start that wrote nothing durable cannot lose what was armed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (tries) => {
        const armed = copy({ generation: 7, trial: "b", triesLeft: tries });
        let copies: BootCopies = [copy({ generation: 6 }), armed];
        for (let left = tries; left > 0; left -= 1) {
          const { slot, write } = chooseBoot(copies);
          expect(slot).toBe("b");
          expect(write?.copy).toBe(0);
          copies = [write?.bytes, copies[1]];
        }
        expect(chooseBoot(copies)).toMatchObject({ slot: "a", write: null });
      }),
    );
  });
});

test("a change overwrites the copy that does not hold", () => {
  const choice = { good: "b", trial: null, triesLeft: 0 } as const;
  expect(bootWrite([copy({ generation: 7 }), copy({ generation: 6 })], choice).copy).toBe(1);
  expect(bootWrite([copy({ generation: 6 }), copy({ generation: 7 })], choice).copy).toBe(0);
  expect(bootWrite([undefined, copy()], choice).copy).toBe(0);
  expect(bootWrite([undefined, undefined], choice).copy).toBe(0);
});
