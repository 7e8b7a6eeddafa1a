import { expect, test } from "vitest";
import { checkPlan } from "./check-plan.ts";
import { explain } from "./explain.ts";
import { device, facts, openAssignment, planOf } from "./facts.fixture.ts";

const errorStop = { count: 1 };
const whole = [{ size: { remaining: true as const }, errorStop }];
const staged = [{ size: { percent: 10 }, errorStop }, ...whole];

test.each([
  ["optional", staged, 5, 1_000, []],
  ["download-only", whole, 1_000, 1_000, []],
  [
    "download-only",
    whole,
    999,
    1_000,
    [{ kind: "download-only-fills-places", concurrentMax: 999, devices: 1_000 }],
  ],
  ["download-only", staged, 100, 1_000, [{ kind: "download-only-stops-stages", devices: 100 }]],
  [
    "download-only",
    staged,
    99,
    1_000,
    [
      { kind: "download-only-stops-stages", devices: 100 },
      { kind: "download-only-fills-places", concurrentMax: 99, devices: 100 },
    ],
  ],
] as const)(
  "a plan with mode %s (%#) is found to hold so many back",
  (mode, stages, concurrentMax, eligible, found) => {
    const plan = planOf({ stages: [...stages], mode, limits: { concurrentMax } });
    const findings = checkPlan(plan, eligible).filter(({ kind }) =>
      kind.startsWith("download-only"),
    );
    expect(findings).toEqual(found);
  },
);

test("a device that has yet to hear that it may install is said to hear it next", () => {
  const holds = [{ code: "installation-not-open", detail: "It may not be installed yet." }];
  const given = (isUntold: boolean) =>
    facts({
      device: device({ isIdle: false }),
      openAssignment: openAssignment({
        state: "downloading",
        deferral: { before: "install", holds },
        isUntold,
      }),
    });
  expect(explain(given(false)).summary).toBe(
    "The update to 2.0 is put off. The device waits before it installs: It may not be installed yet.",
  );
  expect(explain(given(true)).summary).toBe(
    "The device is told at its next check-in that it may install 2.0.",
  );
});
