import { expect, test } from "vitest";
import { planOf } from "./facts.fixture.ts";
import { needSentence, type NeedFacts } from "./need-sentences.ts";

const plan = planOf({ stages: [{ size: { percent: 10 } }, { size: { remaining: true } }] });
const at = "2026-11-20T10:00:00.000Z";
const trip = { kind: "failure-percent", stage: 1, failed: 9, finished: 60, limit: 2, at } as const;
const named = { name: "3.0 to pumps", stage: 1, plan, trip: null };

test.each<[NeedFacts, string]>([
  [
    { kind: "deployment-tripped", deployment: { ...named, trip } },
    '"3.0 to pumps" stopped itself at stage 2: 9 of 60 devices failed; the limit is 2 %.',
  ],
  [{ kind: "deployment-tripped", deployment: named }, '"3.0 to pumps" stopped itself.'],
  [{ kind: "deployment-paused", deployment: named }, '"3.0 to pumps" is paused at stage 2 of 2.'],
  [
    { kind: "deployment-paused", deployment: { ...named, stage: 0, plan: planOf() } },
    '"3.0 to pumps" is paused.',
  ],
  [{ kind: "devices-pending", count: 1 }, "1 device asks to join."],
  [{ kind: "devices-pending", count: 1_204 }, "1,204 devices ask to join."],
  [{ kind: "keys-pending", count: 1 }, "1 accepted device asks to use a new key."],
  [{ kind: "keys-pending", count: 2 }, "2 accepted devices ask to use new keys."],
  [{ kind: "identity-conflict", count: 1 }, "1 device shares its key with another machine."],
  [{ kind: "identity-conflict", count: 2 }, "2 devices share their keys with other machines."],
  [{ kind: "proposals-waiting", count: 1 }, "1 proposal waits for signatures, or to be published."],
  [{ kind: "proposals-waiting", count: 2 }, "2 proposals wait for signatures, or to be published."],
  [
    { kind: "trust-expiring", role: "gw2.prod", daysLeft: 12, count: 1 },
    "gw2.prod expires in 12 days, and has to be signed anew.",
  ],
  [
    { kind: "trust-expiring", role: "gw2.prod", daysLeft: 0, count: 2 },
    "gw2.prod expires today, and has to be signed anew; 1 role more.",
  ],
  [
    { kind: "trust-expiring", role: "root", daysLeft: -1, count: 3 },
    "root has expired, so devices install nothing new by it; 2 roles more.",
  ],
])("%j waits for a person, and says so", (need, sentence) => {
  expect(needSentence(need)).toBe(sentence);
});
