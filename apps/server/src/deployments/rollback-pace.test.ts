import { HOUR_MS, later, SECOND_MS, instant } from "@moult/base";
import { DeploymentId } from "@moult/model";
import { NO_ENDS } from "@moult/planner";
import { expect, test } from "vitest";
import { createRollbackPace } from "./rollback-pace.ts";

const NOW = instant(1_800_000_000_000);
const DAY_SECONDS = 86_400;
const TICK_SECONDS = 10;
const id = DeploymentId.parse("0198c0de-0001-7000-8000-000000000001");
const about = (succeeded: number, of = id) => ({
  id: of,
  counts: { ...NO_ENDS, admitted: 0, open: 0, alreadyRunning: 0, aborted: 0, succeeded },
});

test("who is to be taken back is looked for at once when another device succeeds, and ever less often while none does", () => {
  const pace = createRollbackPace();
  const looks: number[] = [];
  for (let seconds = 0; seconds <= DAY_SECONDS; seconds += TICK_SECONDS)
    if (pace.isDue(about(7), later(NOW, seconds * SECOND_MS))) looks.push(seconds);

  expect(looks.slice(0, 3)).toEqual([0, 10, 20]);
  const gaps = looks.slice(1).map((each, index) => each - (looks[index] ?? 0));
  for (const [index, gap] of gaps.entries())
    expect(gap).toBeLessThanOrEqual(
      Math.min(HOUR_MS / SECOND_MS, (looks[index] ?? 0) * 0.1) + TICK_SECONDS,
    );
  expect(looks.length).toBeLessThan(120);

  const later8 = later(NOW, (DAY_SECONDS + TICK_SECONDS) * SECOND_MS);
  expect(pace.isDue(about(8), later8)).toBe(true);
});

test("deployments have a pace of their own", () => {
  const pace = createRollbackPace();
  const other = about(7, DeploymentId.parse("0198c0de-0001-7000-8000-000000000002"));
  const at = (seconds: number) => later(NOW, seconds * SECOND_MS);
  for (const seconds of [0, 100]) pace.isDue(about(7), at(seconds));

  expect(pace.isDue(about(7), at(105))).toBe(false);
  expect(pace.isDue(other, at(105))).toBe(true);
});
