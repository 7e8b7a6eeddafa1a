import { expect, test } from "vitest";
import {
  isMoving,
  nextToSend,
  speedNow,
  withProgress,
  type UploadItem,
  type UploadPhase,
} from "./upload-item.ts";

const item = (key: number, phase: UploadPhase): UploadItem => ({
  key,
  file: new File(["x"], `${key}.mender`),
  version: "",
  hardwareTypes: [],
  product: "pump",
  channel: "prod",
  uploadId: undefined,
  phase,
});
const sending = { kind: "sending", doneBytes: 1, samples: [], isBroken: false } as const;
const verifying = { kind: "verifying", doneBytes: 0, problem: null } as const;

test("several files go one after the other, in their order", () => {
  const waiting = [item(1, { kind: "waiting" }), item(2, { kind: "waiting" })];
  expect(nextToSend(waiting)?.key).toBe(1);
  expect(nextToSend([item(0, sending), ...waiting])).toBeUndefined();
});

test("the next file does not wait for one that is paused, broken or verified", () => {
  const others: readonly UploadItem[] = [
    item(1, { kind: "paused", doneBytes: 5 }),
    item(2, { kind: "broken", doneBytes: 5, error: new Error("cut") }),
    item(3, verifying),
  ];
  expect(nextToSend([...others, item(4, { kind: "waiting" })])?.key).toBe(4);
});

test("leaving asks only while bytes move or will", () => {
  expect(isMoving([item(1, { kind: "paused", doneBytes: 5 })])).toBe(false);
  expect(isMoving([item(1, verifying)])).toBe(false);
  expect(isMoving([item(1, sending)])).toBe(true);
});

test("what had arrived before the page was opened is no speed", () => {
  const resumed = item(1, { kind: "waiting" });
  const first = { ...resumed, phase: withProgress(resumed, 1_000_000, 0) };
  const second = { ...first, phase: withProgress(first, 1_002_000, 2_000) };
  expect(speedNow(second)).toBe(1_000);
});

test("a broken connection has no speed until bytes move again", () => {
  const samples = [
    { atMs: 0, doneBytes: 0 },
    { atMs: 2_000, doneBytes: 4_000 },
  ];
  const moving = item(1, { kind: "sending", doneBytes: 4_000, samples, isBroken: false });
  expect(speedNow(moving)).toBe(2_000);
  expect(speedNow(item(1, { ...moving.phase, isBroken: true } as UploadPhase))).toBeNull();
});
