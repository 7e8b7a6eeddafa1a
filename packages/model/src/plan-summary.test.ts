import { expect, test } from "vitest";
import { Plan } from "./plan.ts";
import { planSentences } from "./plan-summary.ts";

test("a plan is said in one sentence for each thing that it says", () => {
  const plan = Plan.parse({
    stages: [
      {
        size: { count: 5 },
        advance: { successPercent: 90, afterSeconds: 7_200, manual: true },
        errorStop: { count: 1, kinds: ["failed", "rolled-back"] },
      },
      {
        size: { remaining: true },
        approvals: { required: 2 },
        ramp: { perMinute: 5, factor: 2, every: { succeeded: 100 }, perMinuteMax: 500 },
      },
    ],
    limits: { concurrentMax: 1_500, bytesPerDay: 20_000_000_000 },
    retry: { attemptsMax: 3, backoffSeconds: 600, neverOn: ["wrong-board"] },
    timeouts: { queuedSeconds: 3_600, confirmSeconds: 600 },
    onTrip: "roll-back",
    windows: [{ for: ["download"], at: "02:00", durationMinutes: 240, zone: "device" }],
    mode: "consent",
    forceAfterSeconds: 172_800,
  });

  expect(planSentences(plan)).toEqual([
    "Stage 1: 5 devices. It stops itself at 1 failed or rolled back. Stage 2 opens when 90 % succeeded, 2 h or more after it opened, and a person opens it.",
    "Stage 2: all that are left. It opens once approved by 2 other people. Devices start slowly: at most 5 started in any minute at first, 2 times as many after each 100 that succeeded, up to 500. Failures do not stop it.",
    "At most 1,500 devices are in the update at the same time, at most 20 GB of artifacts offered in any 24 hours.",
    "Window to download: every day from 02:00 for 4 h, by each device's own clocks.",
    "On an update that waits: a person at the device has to say yes, for 2 d after the offer; then it is forced.",
    "A device has 3 tries, 10 min apart and twice as long each time, and no other after wrong-board.",
    "A device is given up when it is not heard of for three times its longest pause of the last weeks: after 1 h to 30 d, and 1 d while its habit is not known.",
    "A try ends when it does not begin within 1 h, or is not proven within 10 min.",
    "When it stops itself, devices that were updated are rolled back to what each ran before.",
  ]);
});

test("a stage that has a name is called by it beside its number", () => {
  const plan = Plan.parse({
    stages: [{ name: " canaries ", size: { count: 1 } }, { size: { remaining: true } }],
  });
  expect(planSentences(plan)[0]).toMatch(/^Stage 1 \(canaries\): 1 device\./);
  expect(planSentences(plan)[1]).toMatch(/^Stage 2: /);
});

test("a priority is said where it is not that of every plan", () => {
  const least = { stages: [{ size: { percent: 100 } }] };
  const said = (priority: number) =>
    planSentences(Plan.parse({ ...least, priority })).filter((each) => /priority/i.test(each));

  expect(said(9)).toEqual([
    "Priority 9 of 9: where a device fits several deployments, the higher one goes first.",
  ]);
  expect(said(5)).toEqual([]);
});

test("the least plan says what it is, too", () => {
  const plan = Plan.parse({ stages: [{ size: { percent: 100 } }] });

  expect(planSentences(plan).slice(0, 3)).toEqual([
    "Stage 1: all devices. Failures do not stop it.",
    "At most 50 devices are in the update at the same time.",
    "A device has one try.",
  ]);
});
