import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AssignmentEvent } from "@moult/device-protocol";
import { AssignmentId } from "@moult/model";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DeviceServer, problem } from "../../../../tests/system/device-server.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import { linkedDevice, type LinkedDevice } from "../server-link/linked-device.fixture.ts";
import type { Ticker } from "@moult/agent-core";
import { openReportQueue, type ReportQueue } from "./report-queue.ts";
import { createReportSender } from "./report-sender.ts";

let server: DeviceServer;
let device: LinkedDevice;
let queue: ReportQueue;
let stop: AbortController;
let sending: Promise<void>;
let pausesMs: number[];
const attempt = { assignmentId: AssignmentId.parse(randomUUID()), attempt: 1 };
const later = { assignmentId: AssignmentId.parse(randomUUID()), attempt: 1 };

beforeEach(async () => {
  server = await new DeviceServer().listen();
  device = await linkedDevice(server);
  queue = await openReportQueue(device.dataDir, device.log);
  stop = new AbortController();
  pausesMs = [];
});
afterEach(async () => {
  stop.abort(new Error("the test ended"));
  await sending;
  await queue.close();
  await device.close();
  await server.close();
});

/** Time that runs faster; pauses are remembered. */
const hurriedBy = (factor: number): Ticker => ({
  monotonicMs: () => systemTicker.monotonicMs() * factor,
  sleep: (delayMs, signal) => {
    pausesMs.push(delayMs);
    return systemTicker.sleep(delayMs / factor, signal);
  },
});
const hurried = hurriedBy(100);

function start(ticker = hurried) {
  const { session, random, log } = device;
  const sender = createReportSender({ queue, sessionFor: () => session, ticker, random, log });
  sending = sender.run(stop.signal);
  return sender;
}

const installing = (sequence: number): AssignmentEvent => ({ kind: "installing", sequence });
const finished = (sequence: number): AssignmentEvent => ({
  kind: "finished",
  sequence,
  outcome: "rolled-back",
  code: "health-check-failed",
  running: { artifactName: "1.0", provides: {} },
});
const heard = (): unknown[] =>
  server.reports.map(({ assignmentId, event }) => [
    assignmentId === attempt.assignmentId ? "first" : "later",
    event.kind,
    event.sequence,
  ]);
const untilEmpty = (): Promise<void> =>
  vi.waitFor(() => expect(queue.length).toBe(0), { timeout: 5_000, interval: 5 });

/** Answers the next event messages with these, then as usual. */
function answerEvents(...answers: readonly (readonly [status: number, code: string])[]): void {
  const left = [...answers];
  server.intercept = ({ path, response }) => {
    const answer = path.endsWith("/events") ? left.shift() : undefined;
    if (answer === undefined) return false;
    problem(response, ...answer);
    return true;
  };
}

test("reports arrive in order, a failure's log after them", async () => {
  const logFile = join(device.root, "a.log");
  await writeFile(logFile, '{"event":"module-failed"}\n');
  await queue.add(attempt, installing(1));
  await queue.add(attempt, finished(2), logFile);
  start();
  await untilEmpty();

  expect(heard()).toEqual([
    ["first", "installing", 1],
    ["first", "finished", 2],
  ]);
  expect(server.logs).toEqual([
    {
      path: `/device/v1/assignments/${attempt.assignmentId}/attempts/1/log`,
      text: '{"event":"module-failed"}\n',
    },
  ]);
});

test("a log over the protocol's limit is sent with its beginning and its end", async () => {
  const logFile = join(device.root, "a.log");
  const line = (index: number): string => `line ${index} ${"ä".repeat(500)}\n`;
  await writeFile(logFile, Array.from({ length: 3_000 }, (_, index) => line(index)).join(""));
  await queue.add(attempt, finished(1), logFile);
  start();
  await untilEmpty();

  const text = server.logs[0]?.text ?? "";
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
  expect(text.startsWith("line 0 ")).toBe(true);
  expect(text.endsWith(line(2_999))).toBe(true);
  expect(text).toMatch(/\n\.\.\. \d+ bytes left out \.\.\.\nline /);
  expect(text).not.toContain("\uFFFD");
});

test("a log that is gone holds nothing up", async () => {
  await queue.add(attempt, finished(1), join(device.root, "gone.log"));
  start();
  await untilEmpty();
  expect(server.logs).toEqual([]);
});

test("reports are tried until they arrive, with growing pauses", async () => {
  answerEvents(...Array<[number, string]>(6).fill([503, "unavailable"]));
  await queue.add(attempt, finished(1));
  start(hurriedBy(10_000));
  await untilEmpty();

  expect(heard()).toEqual([["first", "finished", 1]]);
  expect(pausesMs).toHaveLength(6);
  expect(Math.max(...pausesMs)).toBeGreaterThan(5_000);
});

test("an attempt that the server has closed is dropped, and what comes after it arrives", async () => {
  server.closedAssignments.add(attempt.assignmentId);
  await queue.add(attempt, installing(1));
  await queue.add(attempt, finished(2), join(device.root, "a.log"));
  await queue.add(later, installing(1));
  start();
  await untilEmpty();

  expect(heard()).toEqual([["later", "installing", 1]]);
  expect(device.log.entries.map(({ event }) => event)).toContain("reports-dropped");
});

test("a proxy that says 404 costs no report", async () => {
  server.intercept = ({ path, response }) => {
    if (!path.endsWith("/events") || pausesMs.length > 0) return false;
    response.writeHead(404).end("<html>");
    return true;
  };
  await queue.add(attempt, finished(1));
  start();
  await untilEmpty();
  expect(heard()).toEqual([["first", "finished", 1]]);
});

test("one event that the server cannot take does not hold up the others", async () => {
  answerEvents([400, "invalid-request"], [400, "invalid-request"]);
  await queue.add(attempt, installing(1));
  await queue.add(attempt, { kind: "activating", sequence: 2 });
  await queue.add(attempt, finished(3));
  start();
  await untilEmpty();

  // The first message held all three, the second the first alone.
  expect(heard()).toEqual([
    ["first", "activating", 2],
    ["first", "finished", 3],
  ]);
});

test("how an update ended is kept also when the server cannot read it today", async () => {
  answerEvents([400, "invalid-request"]);
  await queue.add(attempt, finished(1));
  const sender = start();
  await vi.waitFor(() => expect(pausesMs.length).toBeGreaterThan(0));
  expect(pausesMs[0]).toBeGreaterThan(60_000);

  sender.nudge();
  await untilEmpty();

  expect(heard()).toEqual([["first", "finished", 1]]);
});

test("progress is told at most once a second, and the newest is what is told", async () => {
  start();
  const startedAtMs = hurried.monotonicMs();
  for (let percent = 0; percent <= 100; percent += 1) {
    await queue.add(attempt, {
      kind: "downloading",
      sequence: percent + 1,
      progressPercent: percent,
    });
  }
  await untilEmpty();
  const seconds = (hurried.monotonicMs() - startedAtMs) / 1_000;

  expect(server.reports.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
  expect(server.reports.at(-1)?.event).toMatchObject({ progressPercent: 100 });
});

test("nothing is lost when the agent ends in the middle of sending", async () => {
  server.intercept = ({ path }) => path.endsWith("/events");
  await queue.add(attempt, finished(1));
  start();
  await vi.waitFor(() =>
    expect(server.requests.some((path) => path.endsWith("/events"))).toBe(true),
  );
  stop.abort(new Error("SIGTERM"));
  await sending;
  await queue.close();

  queue = await openReportQueue(device.dataDir, device.log);
  expect(queue.length).toBe(1);
  await rm(join(device.root, "a.log"), { force: true });
});
