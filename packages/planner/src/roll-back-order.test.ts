import { expect, test } from "vitest";
import { refusedRollBack, rehearseRollBack, type RollBackFacts } from "./roll-back-order.ts";

const facts = (some: Partial<RollBackFacts> = {}): RollBackFacts => ({
  state: "running",
  version: "2.0",
  concurrentMax: 50,
  isRollback: false,
  underWay: null,
  groups: [
    { from: "1.0", to: "1.0", count: 2_000 },
    { from: "1.1", to: "1.1", count: 3 },
  ],
  gaps: [],
  installing: 0,
  unable: "refuse",
  ...some,
});

const gap = { from: "1.1", to: null, obstacle: { kind: "no-release" }, count: 3 } as const;
const NOT_HERE =
  "3 devices that ran 1.1 could not be rolled back: no release 1.1 with an artifact for them is here.";
const gone = {
  groups: [
    { from: "1.0", to: "1.0", count: 2_000 },
    { from: "1.1", to: null, count: 3 },
  ],
  gaps: [gap],
};

test.each<[Partial<RollBackFacts>, string, string]>([
  [
    {},
    "2,003 devices that run 2.0 go back: 2,000 to 1.0, 3 to 1.1. It is aborted, for good: nobody else gets 2.0. They go without stages, at most 50 at a time.",
    "Roll 2,003 devices back",
  ],
  [
    { state: "finished", groups: [{ from: null, to: "1.9", count: 1 }], underWay: "elsewhere" },
    "1 device that runs 2.0 goes back to 1.9. They go without stages, at most 50 at a time.",
    "Roll 1 device back",
  ],
  [
    { state: "aborted", groups: [], installing: 2 },
    "2 devices are at installing 2.0 and go back once they run it. They go without stages, at most 50 at a time.",
    "Roll back",
  ],
  [
    { ...gone, state: "finished", unable: "leave" },
    `2,000 devices that run 2.0 go back to 1.0. ${NOT_HERE} They go without stages, at most 50 at a time.`,
    "Roll 2,000 devices back",
  ],
])("who goes back, who stays, and what ends is said before (%#)", (some, sentence, button) => {
  expect(rehearseRollBack(facts(some))).toEqual({ isPossible: true, sentence, button });
  expect(refusedRollBack(facts(some))).toBeNull();
});

test.each<[Partial<RollBackFacts>, string, string]>([
  [{ isRollback: true }, "is-rollback", "takes devices back itself"],
  [{ underWay: "same" }, "under-way", "being taken back already"],
  [{ underWay: "elsewhere", groups: [] }, "elsewhere", "to another release already"],
  [{ groups: [] }, "nobody", "No device runs 2.0 because of it: abort it instead."],
  [{ groups: [], state: "finished" }, "nobody", "No device runs 2.0 because of it."],
  [gone, "impossible", NOT_HERE],
  [
    { groups: [{ from: "1.1", to: null, count: 3 }], gaps: [gap], unable: "leave" },
    "impossible",
    NOT_HERE,
  ],
])("what is not done is said with why (%#)", (some, kind, words) => {
  const sentence = expect.stringContaining(words) as string;

  expect(refusedRollBack(facts(some))).toEqual({ kind, sentence });
  expect(rehearseRollBack(facts(some))).toMatchObject({ isPossible: false, sentence });
});
