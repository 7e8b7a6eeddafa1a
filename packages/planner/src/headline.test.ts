import { expect, test } from "vitest";
import { NO_ONE, planOf, version } from "./facts.fixture.ts";
import { headlineOf, type HeadlineFacts } from "./headline.ts";

const three = planOf({
  stages: [{ size: { percent: 10 } }, { size: { percent: 50 } }, { size: { remaining: true } }],
});

const facts = ({
  tally = {},
  ...changes
}: Omit<Partial<HeadlineFacts>, "tally"> & {
  readonly tally?: Partial<HeadlineFacts["tally"]>;
}): HeadlineFacts => ({
  state: "running",
  stage: 0,
  plan: three,
  version: version("2.0"),
  trip: null,
  pendingApproval: null,
  ...changes,
  tally: { ...NO_ONE, eligible: 60, ...tally },
});
const trip = { kind: "failure-count", stage: 0, failed: 1, finished: 1, limit: 1 } as const;
const byPercent = {
  kind: "failure-percent",
  stage: 1,
  failed: 9,
  finished: 60,
  limit: 2.5,
} as const;
const named = planOf({
  stages: [{ name: "canaries", size: { count: 1 } }, { size: { remaining: true } }],
});
const oneStage = planOf();

test.each<[Parameters<typeof facts>[0], string]>([
  [{}, "Stage 1 of 3: waits for the first of 60 devices to check in."],
  [
    { plan: named, tally: { admitted: 1, open: 1 } },
    "Stage 1 of 2 (canaries): 0 of 60 devices are done, 1 in the update.",
  ],
  [{ plan: oneStage, tally: { eligible: 1 } }, "Waits for its one device to check in."],
  [{ tally: { eligible: 0 } }, "No device of the target can take it at present."],
  [
    { stage: 1, tally: { admitted: 16, succeeded: 10, alreadyRunning: 2, open: 4 } },
    "Stage 2 of 3: 12 of 60 devices are done, 4 in the update.",
  ],
  [
    {
      stage: 1,
      tally: { eligible: 12_431, admitted: 2_000, succeeded: 1_204, open: 50, silent: 3 },
    },
    "Stage 2 of 3: 1,204 of 12,431 devices are done, 50 in the update, 3 failed.",
  ],
  [{ plan: oneStage, tally: { admitted: 1, succeeded: 1 } }, "1 of 60 devices is done."],
  [
    { state: "paused", stage: 1, tally: { admitted: 12, succeeded: 12 } },
    "Paused at stage 2 of 3: 12 of 60 devices are done.",
  ],
  [{ state: "paused", plan: oneStage }, "Paused: 0 of 60 devices are done."],
  [
    { state: "tripped", trip, tally: { failed: 1 } },
    "Stopped itself at stage 1: 1 of 1 device failed; the limit is 1.",
  ],
  [
    { state: "tripped", stage: 1, trip: byPercent },
    "Stopped itself at stage 2: 9 of 60 devices failed; the limit is 2.5 %.",
  ],
  [{ state: "tripped" }, "Stopped itself after too many failures."],
  [
    { state: "finished", stage: 2, tally: { admitted: 58, succeeded: 58, alreadyRunning: 2 } },
    "All 60 devices reached 2.0.",
  ],
  [
    { state: "finished", stage: 2, tally: { eligible: 1, admitted: 1, succeeded: 1 } },
    "Its one device reached 2.0.",
  ],
  [
    {
      state: "finished",
      stage: 2,
      tally: { admitted: 60, succeeded: 55, rolledBack: 2, failed: 1, silent: 1, timedOut: 1 },
    },
    "55 of 60 devices reached 2.0; 2 rolled back, 1 failed, 2 not heard of.",
  ],
  [
    { state: "aborted", stage: 1, tally: { admitted: 16, succeeded: 12, open: 4 } },
    "Aborted at stage 2 of 3: 12 devices reached 2.0, 4 finish the update.",
  ],
  [{ state: "aborted", plan: oneStage }, "Aborted: 0 devices reached 2.0."],
])("%j is one short sentence", (changes, sentence) => {
  expect(headlineOf(facts(changes))).toBe(sentence);
  expect(sentence.length).toBeLessThanOrEqual(90);
});
