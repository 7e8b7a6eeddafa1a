import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Choice, ScriptMachine } from "./script-machine.fixture.ts";

interface Case {
  readonly name: string;
  /** Undefined: damaged. */
  readonly copies: readonly [Choice | undefined, Choice | undefined];
  /** What runs then. */
  readonly starts: "a" | "b";
  /** The copy whose tries are one less afterwards. */
  readonly lowers?: 0 | 1;
}

const choice = (generation: number, good: string, trial = "", tries = 0): Choice => ({
  generation,
  good,
  trial,
  tries,
});

const CASES: readonly Case[] = [
  { name: "the good slot", copies: [choice(1, "b"), choice(2, "b")], starts: "b" },
  {
    name: "a trial, and counts it in the copy that holds",
    copies: [choice(7, "a", "b", 2), choice(8, "a", "b", 2)],
    starts: "b",
    lowers: 1,
  },
  {
    name: "the last start of a trial",
    copies: [choice(10, "b", "a", 1), choice(9, "b", "a", 2)],
    starts: "a",
    lowers: 0,
  },
  {
    name: "the good slot once the trial has no starts, and leaves its mark",
    copies: [choice(7, "a", "b", 0), choice(8, "a", "b", 0)],
    starts: "a",
  },
  {
    name: "by the higher number, not by its first digit",
    copies: [choice(9, "a"), choice(10, "b")],
    starts: "b",
  },
  {
    name: "by the higher number, in whatever digits it counts",
    copies: [choice(0x100, "b"), choice(0xff, "a")],
    starts: "b",
  },
  {
    name: "by the first of two copies of one generation",
    copies: [choice(5, "b"), choice(5, "a")],
    starts: "b",
  },
  { name: "by the copy that is whole", copies: [choice(4, "b"), undefined], starts: "b" },
  {
    name: "the good slot when only one copy of a trial is whole, which is not written",
    copies: [undefined, choice(4, "b", "a", 2)],
    starts: "b",
  },
  { name: "slot a when it knows nothing", copies: [undefined, undefined], starts: "a" },
];

const DAMAGED = Buffer.alloc(512, 0x5a);
const lowered = (from: Choice): Choice => ({ ...from, tries: from.tries - 1 });

/** What a script of boot-integration starts in a real bootloader, what it writes, and what it leaves alone. */
export function describeScript(name: string, make: (folder: string) => ScriptMachine): void {
  describe(`${name} starts`, () => {
    let folder: string;
    let machine: ScriptMachine;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "moult-script-"));
      machine = make(folder);
    });
    afterAll(() => {
      machine.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const sector = (one: Choice | undefined): Buffer =>
      one === undefined ? DAMAGED : machine.sectorOf(one);
    const put = (copies: Case["copies"]): void => {
      machine.write(0, sector(copies[0]));
      machine.write(1, sector(copies[1]));
    };

    test.each(CASES)("$name", ({ copies, starts, lowers }) => {
      put(copies);
      const said = machine.start();

      expect(said).toContain(`moult: start slot=${starts}`);
      expect(said).toContain(`moult.slot=${starts}`);
      for (const at of [0, 1] as const) {
        const before = copies[at];
        const after =
          lowers === at && before !== undefined
            ? machine.sectorOf(lowered(before))
            : sector(before);
        expect(machine.read(at).toString("latin1")).toBe(after.toString("latin1"));
      }
    });

    test("the good slot when a start cannot be counted", () => {
      put([choice(1, "a", "b", 2), choice(2, "a", "b", 2)]);
      const said = machine.start({ isReadOnly: true });
      expect(said).toContain("moult: tries cannot be counted");
      expect(said).toContain("moult.slot=a");
    });

    test("the good slot when the one on trial holds nothing that can be started, and the other when the good one does not", () => {
      put([choice(1, "a", "b", 2), choice(2, "a", "b", 2)]);
      machine.breakSlot("b");
      const trial = machine.start();
      expect(trial).toContain("moult: slot b cannot be started");
      expect(trial).toContain("moult.slot=a");

      put([choice(1, "b"), choice(2, "b")]);
      const good = machine.start();
      expect(good).toContain("moult: start slot=b");
      expect(good).toContain("moult.slot=a");
    });
  });
}
