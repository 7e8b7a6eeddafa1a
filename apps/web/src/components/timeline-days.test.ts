import type { FleetEvent } from "@moult/model";
import { expect, test } from "vitest";
import { timelineDays } from "./timeline-days.ts";

const event = (sequence: number, at: string, body: FleetEvent["body"]): FleetEvent => ({
  sequence,
  at,
  deviceId: null,
  deviceName: null,
  deploymentId: null,
  deploymentName: null,
  assignmentId: null,
  sentence: `event ${sequence}`,
  body,
});
const downloading = (percent: number): FleetEvent["body"] => ({
  kind: "assignment-progressed",
  state: "downloading",
  progressPercent: percent,
});

test("reports of one step fold into the newest, and others stand for themselves", () => {
  const [day, ...others] = timelineDays([
    event(4, "2026-03-02T12:03:00Z", downloading(60)),
    event(3, "2026-03-02T12:02:00Z", downloading(20)),
    event(2, "2026-03-02T12:01:00Z", { kind: "device-running-changed", from: null, to: "1.0" }),
    event(1, "2026-03-02T12:00:00Z", { kind: "device-running-changed", from: null, to: "0.9" }),
  ]);

  expect(others).toEqual([]);
  expect(
    day?.entries.map(({ newest, oldest, count }) => [newest.sequence, oldest.sequence, count]),
  ).toEqual([
    [4, 3, 2],
    [2, 2, 1],
    [1, 1, 1],
  ]);
});

test("each day stands for itself", () => {
  const inventory = { kind: "device-inventory-changed" } as const;
  const days = timelineDays([
    event(2, "2026-03-05T12:00:00Z", inventory),
    event(1, "2026-03-02T12:00:00Z", inventory),
  ]);

  expect(days.map(({ entries }) => entries.length)).toEqual([1, 1]);
});
