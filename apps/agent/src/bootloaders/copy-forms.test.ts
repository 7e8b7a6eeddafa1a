import type { BootEnvironment } from "@moult/agent-core";
import { crc32 } from "@moult/artifact";
import { utf8 } from "@moult/base";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECTOR_BYTES } from "./boot-copies.ts";
import { grubFile } from "./boot-disks.fixture.ts";
import { grubCopy } from "./grub-copy.ts";
import { createUBootCopy } from "./u-boot-copy.ts";

const uBootCopy = createUBootCopy();

const slot = fc.constantFrom("a" as const, "b" as const);
const someEnvironment: fc.Arbitrary<BootEnvironment> = fc
  .tuple(
    fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    slot,
    fc.boolean(),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([generation, good, isTrial, tries]) => ({
    generation,
    good,
    trial: isTrial ? (good === "a" ? "b" : "a") : null,
    triesLeft: isTrial ? tries : 0,
  }));

describe.each([
  ["GRUB", grubCopy],
  ["U-Boot", uBootCopy],
] as const)("a copy in the words of %s", (_, form) => {
  test("is one sector and says what it was made of", () => {
    fc.assert(
      fc.property(someEnvironment, (environment) => {
        const bytes = form.encode(environment);
        expect(bytes).toHaveLength(SECTOR_BYTES);
        expect(form.decode(bytes)).toEqual(environment);
      }),
    );
  });

  test("that is torn, damaged or anything else says nothing that no agent wrote, and nothing makes reading it fail", () => {
    const damage = fc.tuple(
      someEnvironment,
      fc.array(fc.tuple(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 0, max: 255 })), {
        maxLength: 6,
      }),
    );
    fc.assert(
      fc.property(damage, ([environment, changes]) => {
        const bytes = form.encode(environment);
        for (const [at, byte] of changes) bytes[at] = byte;
        const read = form.decode(bytes);
        // Without a check of its own GRUB's may say another thing, but never an impossible one.
        if (read !== undefined) expect(form.decode(form.encode(read))).toEqual(read);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 600 }), (bytes) => {
        expect(form.decode(bytes)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

test("U-Boot's check finds every changed byte", () => {
  const bytes = uBootCopy.encode({ generation: 31, good: "a", trial: "b", triesLeft: 2 });
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(uBootCopy.decode(changed)).toBeUndefined();
  }
});

test("a U-Boot that was built with a redundant environment gets its byte of flags back", () => {
  const environment: BootEnvironment = { generation: 31, good: "a", trial: "b", triesLeft: 2 };
  // As such a build exports it: sorted, and nothing that is empty.
  const entries = "moult_generation=1e\0moult_good=b\0moult_tries=0\0\0";
  const data = utf8(entries.padEnd(SECTOR_BYTES - 5, "\0"));
  const exported = new Uint8Array(SECTOR_BYTES);
  new DataView(exported.buffer).setUint32(0, crc32(data), true);
  exported[4] = 1;
  exported.set(data, 5);
  const form = createUBootCopy();

  expect(form.decode(exported)).toEqual({ generation: 30, good: "b", trial: null, triesLeft: 0 });
  const written = form.encode(environment);
  expect(written).toHaveLength(SECTOR_BYTES);
  expect(written[4]).toBe(1);
  expect(createUBootCopy().decode(written)).toEqual(environment);
});

test("while no copy can be read, the agent writes in the form that its configuration names", () => {
  const environment: BootEnvironment = { generation: 1, good: "b", trial: null, triesLeft: 0 };
  const entries = utf8("moult_generation=1\0moult_good=b\0");
  for (const [isRedundant, at] of [
    [true, 5],
    [false, 4],
  ] as const) {
    const form = createUBootCopy(isRedundant);
    expect(form.decode(new Uint8Array(SECTOR_BYTES))).toBeUndefined();
    expect(form.encode(environment).subarray(at, at + entries.length)).toEqual(entries);
  }
});

const grubText = (lines: string): Uint8Array =>
  utf8(`# GRUB Environment Block\n${lines}`.padEnd(SECTOR_BYTES, "#"));

test.each([
  ["of another signature", utf8("# Another Environment!!!\n".padEnd(512, "#"))],
  ["without a generation", grubText("moult_good=a\nmoult_trial=\nmoult_tries=0\n")],
  [
    "with the good slot on trial",
    grubText("moult_generation=1\nmoult_good=a\nmoult_trial=a\nmoult_tries=1\n"),
  ],
  [
    "with tries and no trial",
    grubText("moult_generation=1\nmoult_good=a\nmoult_trial=\nmoult_tries=1\n"),
  ],
  [
    "with two answers",
    grubText("moult_generation=1\nmoult_good=a\nmoult_good=b\nmoult_trial=\nmoult_tries=0\n"),
  ],
  [
    "with another slot",
    grubText("moult_generation=1\nmoult_good=c\nmoult_trial=\nmoult_tries=0\n"),
  ],
  [
    "whose tries are no digit",
    grubText("moult_generation=1\nmoult_good=a\nmoult_trial=b\nmoult_tries=10\n"),
  ],
  [
    "whose variables go past the first sector",
    grubText(
      `other=${"x".repeat(460)}\nmoult_generation=1\nmoult_good=a\nmoult_trial=\nmoult_tries=0\n`,
    ).subarray(0, 512),
  ],
])("an environment block %s is no copy", (_, bytes) => {
  expect(grubCopy.decode(bytes)).toBeUndefined();
});

test("GRUB's own tool reads what the agent writes, and the agent what the tool writes", () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-grub-"));
  try {
    const file = join(folder, "boot-env.0");
    writeFileSync(file, grubFile());
    const list = (): string => execFileSync("grub-editenv", [file, "list"], { encoding: "utf8" });
    expect(list()).toBe("moult_generation=1\nmoult_good=a\nmoult_trial=\nmoult_tries=0\n");
    execFileSync("grub-editenv", [file, "set", "moult_trial=b", "moult_tries=2"]);
    expect(grubCopy.decode(new Uint8Array(readFileSync(file)).subarray(0, SECTOR_BYTES))).toEqual({
      generation: 1,
      good: "a",
      trial: "b",
      triesLeft: 2,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
