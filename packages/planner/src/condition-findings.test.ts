import { expect, test } from "vitest";
import { artifact, planOf } from "./facts.fixture.ts";
import { findingsOf, type ConditionGap } from "./plan-sentences.ts";

const errorStop = { count: 3 };
const plan = {
  stages: [
    { size: { percent: 10 }, advance: { successPercent: 50 }, errorStop },
    { size: { remaining: true as const }, errorStop },
  ],
};

const remarks = (conditions: string, conditionGap: ConditionGap): readonly string[] =>
  findingsOf({
    version: "3.0",
    target: "all",
    plan: planOf({ ...plan, conditions }),
    eligible: 9_103,
    holdBackPercent: null,
    named: [],
    gets: 9_103,
    alreadyRunning: 0,
    artifacts: [artifact()],
    rollbackGaps: [],
    keptOut: [],
    broughtVersions: [],
    unknownZones: [],
    zoneGaps: [],
    checkInSeconds: null,
    conditionGap,
    approvers: [],
  }).map(({ severity, field, sentence }) => `${severity} ${field} ${sentence}`);

test.each<[string, number, number, readonly string[]]>([
  ["context.busy = false", 0, 0, []],
  [
    "context.busy = false",
    12,
    3,
    [
      "warning plan.conditions 12 of 9,103 devices do not meet the conditions now and would wait; 3 of them have never said anything of their circumstances.",
    ],
  ],
  [
    "context.busy = false",
    1,
    1,
    [
      "warning plan.conditions 1 of 9,103 devices does not meet the conditions now and would wait; it has never said anything of its circumstances.",
    ],
  ],
  [
    "context.batteryPercent > 100",
    0,
    0,
    [
      "error plan.conditions Whatever a device says of its circumstances, context.batteryPercent > 100 does not hold: nobody would be offered the release.",
    ],
  ],
  [
    "context.busy",
    0,
    0,
    [
      "error plan.conditions At character 13 of the query: expected an operator: =, !=, <, <=, >, >= or :.",
    ],
  ],
  [
    "NOT context.busy = x*y",
    0,
    0,
    [
      "warning plan.conditions Whatever a device says of its circumstances, or if it says nothing, NOT context.busy = x*y holds: the condition holds nobody back.",
    ],
  ],
])(
  "%s, which %d do not meet and %d say nothing of: what to mind",
  (conditions, unmet, silent, said) => {
    expect(remarks(conditions, { unmet, silent })).toEqual(said);
  },
);
