import { expect, test } from "vitest";
import { overviewHeadline, type OverviewFacts } from "./overview-headline.ts";

const contact = (counts: Partial<OverviewFacts["byContact"]>): OverviewFacts["byContact"] => ({
  "on-time": 0,
  late: 0,
  silent: 0,
  "never-seen": 0,
  ...counts,
});

test.each<[string, OverviewFacts]>([
  ["Nothing needs you; no deployment runs.", { needs: 0, moving: 0, byContact: contact({}) }],
  [
    "One thing needs you; 1 deployment runs; the one device is on time.",
    { needs: 1, moving: 1, byContact: contact({ "on-time": 1 }) },
  ],
  [
    "Nothing needs you; 2 deployments run; all 300 devices are on time.",
    { needs: 0, moving: 2, byContact: contact({ "on-time": 300 }) },
  ],
  [
    "3 things need you; 3 deployments run; 396 of 10,000 devices are silent.",
    {
      needs: 3,
      moving: 3,
      byContact: contact({ "on-time": 9_000, late: 505, silent: 396, "never-seen": 99 }),
    },
  ],
  [
    "Nothing needs you; no deployment runs; 5 of 20 devices are late.",
    { needs: 0, moving: 0, byContact: contact({ "on-time": 14, late: 5, "never-seen": 1 }) },
  ],
  [
    "Nothing needs you; no deployment runs; 2 of 3 devices were never seen.",
    { needs: 0, moving: 0, byContact: contact({ "on-time": 1, "never-seen": 2 }) },
  ],
])("%s", (sentence, facts) => {
  expect(overviewHeadline(facts)).toBe(sentence);
});
