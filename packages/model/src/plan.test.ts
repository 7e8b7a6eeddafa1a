import { expect, test } from "vitest";
import { Plan } from "./plan.ts";

test("a plan that says only its stages has safe limits", () => {
  expect(Plan.parse({ stages: [{ size: { remaining: true } }] })).toEqual({
    version: 2,
    priority: 5,
    stages: [{ size: { remaining: true }, advance: { successPercent: 100 } }],
    limits: { concurrentMax: 50 },
    retry: { attemptsMax: 1, backoffSeconds: 0 },
    timeouts: {},
    onTrip: "cancel-queued",
  });
});

test.each([
  [{ version: 1, stages: [{ percent: 100 }] }, "version"],
  [{ stages: [{ size: { percent: 10 } }] }, "the last stage"],
  [{ stages: [{ size: { remaining: true } }, { size: { remaining: true } }] }, "the last stage"],
  [
    {
      stages: [{ size: { percent: 50 } }, { size: { percent: 10 } }, { size: { remaining: true } }],
    },
    "percent is larger",
  ],
  [
    {
      stages: [
        { size: { count: 9 } },
        { size: { percent: 1 } },
        { size: { count: 9 } },
        { size: { remaining: true } },
      ],
    },
    "count is larger",
  ],
  [
    {
      stages: [
        { name: "canaries", size: { count: 1 } },
        { name: "canaries", size: { remaining: true } },
      ],
    },
    "same name",
  ],
  [{ stages: [{ size: { percent: 5, count: 5 } }, { size: { remaining: true } }] }, "a size is"],
  [
    {
      stages: [
        { size: { count: 1 }, advance: { afterSeconds: 7_200, maxWaitSeconds: 3_600 } },
        { size: { remaining: true } },
      ],
    },
    "the longest wait",
  ],
  [{ stages: [{ size: { remaining: true } }], onTrip: { rollBackTo: "1.0" } }, "UUID"],
  [{ stages: [{ size: { remaining: true } }], windows: [] }, "windows"],
])("%j is refused", (plan, problem) => {
  const { success, error } = Plan.safeParse(plan);
  expect(success).toBe(false);
  expect(JSON.stringify(error?.issues)).toContain(problem);
});
