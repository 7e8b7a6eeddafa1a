import { later, SECOND_MS } from "@moult/base";
import type { Outcome } from "@moult/model";
import { expect, test } from "vitest";
import { afterAttempt, backoffMsMax, mayTryAgain, nextTryAt } from "./attempts.ts";
import { decide } from "./decide.ts";
import { assignment, deployment, facts, NOW, planOf } from "./facts.fixture.ts";

const tried = (outcome: Outcome, code: string | null = null) => ({ outcome, code, endedAt: NOW });
const after = (seconds: number) => later(NOW, seconds * SECOND_MS);

test("the wait between tries doubles, up to a day, and only for tries that began", () => {
  const plan = planOf({ retry: { attemptsMax: 10, backoffSeconds: 600 } });
  const failures = (count: number) => Array.from({ length: count }, () => tried("failed"));

  expect(nextTryAt([], plan)).toBeNull();
  expect(nextTryAt(failures(1), plan)).toBe(after(600));
  expect(nextTryAt(failures(3), plan)).toBe(after(2_400));
  expect(nextTryAt(failures(9), plan)).toBe(after(86_400));
  expect(
    nextTryAt([tried("aborted", "withdrawn"), tried("silent", "never-began")], plan),
  ).toBeNull();
  expect(backoffMsMax(plan)).toBe(86_400_000);
  expect(nextTryAt(failures(2), planOf())).toBeNull();
});

test("a device in its backoff is told when its next try begins, and gets it then", () => {
  const plan = planOf({ retry: { attemptsMax: 2, backoffSeconds: 60 } });
  const own = assignment({ attempts: [tried("failed", "download-failed")] });
  const at = (seconds: number) =>
    decide(facts({ now: after(seconds), candidates: [deployment({ plan, assignment: own })] }));

  expect(at(59)).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "retry-backoff", attempts: 1, until: new Date(after(60)).toISOString() }],
    until: after(60),
  });
  expect(at(60)).toMatchObject({ kind: "offer", attempt: 2 });
});

test.each([
  [{ neverOn: ["wrong-board"] }, "wrong-board", "close"],
  [{ neverOn: ["wrong-board"] }, "download-failed", "retry"],
  [{ retryOn: ["download-failed"] }, "download-failed", "retry"],
  [{ retryOn: ["download-failed"] }, "health-check-failed", "close"],
  [{ retryOn: ["download-failed"] }, null, "close"],
  // It says nothing about the release.
  [{ retryOn: ["download-failed"] }, "server-unreachable", "retry"],
] as const)("with %j a try that ends with %s is followed by: %s", (rule, code, follows) => {
  const { retryOn, neverOn } = { retryOn: undefined, neverOn: undefined, ...rule };
  const plan = planOf({
    retry: {
      attemptsMax: 3,
      ...(retryOn === undefined ? {} : { retryOn: [...retryOn] }),
      ...(neverOn === undefined ? {} : { neverOn: [...neverOn] }),
    },
  });
  const ended = tried("rolled-back", code);

  expect(afterAttempt(ended, [ended], plan, "running")).toBe(follows);
  const closed = assignment({ state: "closed", outcome: "rolled-back", attempts: [ended] });
  expect(mayTryAgain(closed, plan)).toBe(follows === "retry");
});

test("a try that the plan gives no other after is named as the reason", () => {
  const plan = planOf({ retry: { attemptsMax: 3, neverOn: ["wrong-board"] } });
  const attempts = [tried("failed", "wrong-board")];
  const own = assignment({ state: "closed", outcome: "failed", attempts });

  expect(decide(facts({ candidates: [deployment({ plan, assignment: own })] }))).toMatchObject({
    reasons: [{ kind: "retry-forbidden", outcome: "failed", code: "wrong-board" }],
  });
});

test("a device that went silent finds its update again, whatever codes the plan names", () => {
  const plan = planOf({ retry: { attemptsMax: 2, retryOn: ["download-failed"] } });
  const own = assignment({
    state: "closed",
    outcome: "silent",
    attempts: [tried("silent", "no-report")],
  });

  expect(mayTryAgain(own, plan)).toBe(true);
});
