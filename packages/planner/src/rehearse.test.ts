import { expect, test } from "vitest";
import { NO_ONE, planOf } from "./facts.fixture.ts";
import { stageSteps } from "./preview.ts";
import { rehearse, type RehearsalFacts } from "./rehearse.ts";

const plan = planOf({
  stages: [{ size: { percent: 10 } }, { size: { percent: 50 } }, { size: { remaining: true } }],
});
const facts = ({
  tally = {},
  ...changes
}: Omit<Partial<RehearsalFacts>, "tally"> & {
  readonly tally?: Partial<RehearsalFacts["tally"]>;
} = {}): RehearsalFacts => ({
  state: "running",
  stage: 1,
  plan,
  version: "3.0",
  beforeInstall: 0,
  nextStage: null,
  retrying: 0,
  ...changes,
  tally: { ...NO_ONE, eligible: 2_712, ...tally },
  stageDevices: stageSteps(plan, tally?.eligible ?? 2_712),
});

test.each<[Parameters<typeof rehearse>[0], RehearsalFacts, string, string]>([
  [
    "abort",
    facts({ tally: { admitted: 104, open: 50, succeeded: 54 }, beforeInstall: 41 }),
    "2,608 devices never start. 41 devices have not begun to install: they stop and keep what they run. 9 devices are installing and finish or roll back by themselves. 54 devices that run 3.0 keep it: to take it back, roll the deployment back. It cannot be resumed.",
    "Abort, 54 keep 3.0",
  ],
  [
    "abort",
    facts({ tally: { eligible: 1, admitted: 1, open: 1 }, beforeInstall: 1 }),
    "1 device has not begun to install: it stops and keeps what it runs. No device was updated to 3.0 yet. It cannot be resumed.",
    "Abort",
  ],
  [
    "abort",
    facts({ tally: { eligible: 3, admitted: 3, succeeded: 1 }, retrying: 2 }),
    "2 devices that failed once get no further try. 1 device that runs 3.0 keeps it: to take it back, roll the deployment back. It cannot be resumed.",
    "Abort, 1 keep 3.0",
  ],
  [
    "pause",
    facts({ tally: { admitted: 95, open: 41, succeeded: 54 } }),
    "41 devices that are in the update finish it, and failures still count. Nobody else starts: 2,617 devices wait until you resume.",
    "Pause",
  ],
  [
    "pause",
    facts({ tally: { eligible: 1, admitted: 1, open: 1 } }),
    "1 device that is in the update finishes it, and failures still count. Nobody else was going to start.",
    "Pause",
  ],
  [
    "resume",
    facts({ state: "paused", tally: { admitted: 1_344, succeeded: 1_344 } }),
    "It goes on at stage 2 of 3: up to 12 devices may start, at most 50 at a time.",
    "Resume",
  ],
  [
    "resume",
    facts({ state: "tripped", tally: { admitted: 1_356, succeeded: 1_347, rolledBack: 9 } }),
    "It goes on at stage 2 of 3; no further device of this stage is left to start. The 9 failures so far no longer count against its limit; new ones do.",
    "Resume",
  ],
])("%s is said with what happens and what does not (%#)", (action, given, sentence, button) => {
  expect(rehearse(action, given)).toEqual({ isPossible: true, sentence, button });
});

test("opening the next stage is said with who may start and what is not waited for", () => {
  const given = facts({
    stage: 0,
    nextStage: "Stage 2 opens when 271 devices have succeeded (90 so far).",
    tally: { admitted: 100, succeeded: 90, failed: 2, open: 8 },
  });

  expect(rehearse("advance", given)).toEqual({
    isPossible: true,
    sentence:
      "Stage 2 of 3 opens now: up to 1,256 more devices may start, at most 50 at a time. Otherwise stage 2 opens when 271 devices have succeeded (90 so far). 2 devices have failed so far.",
    button: "Open stage 2",
  });
  expect(rehearse("advance", facts({ stage: 2 }))).toMatchObject({
    isPossible: false,
    sentence: "It is in its last stage.",
  });
});

test.each([
  ["pause", "tripped", "It has stopped itself already: nobody starts."],
  ["pause", "paused", "It is paused already."],
  ["resume", "running", "It is running already."],
  ["abort", "finished", "It is finished; there is nothing left to change."],
  ["abort", "aborted", "It was aborted, for good."],
  ["advance", "paused", "It is paused; resume it first."],
  ["advance", "tripped", "It has stopped itself already: nobody starts."],
] as const)("%s is not possible when it is %s", (action, state, sentence) => {
  expect(rehearse(action, facts({ state }))).toMatchObject({ isPossible: false, sentence });
});
