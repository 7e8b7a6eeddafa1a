import { randomUUID } from "node:crypto";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AssignmentEvent } from "@moult/device-protocol";
import { AssignmentId } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { openReportQueue, type ReportQueue } from "./report-queue.ts";

let dataDir: string;
let queue: ReportQueue;
let opened: ReportQueue[];
const log = recordingLog();
const attempt = { assignmentId: AssignmentId.parse(randomUUID()), attempt: 1 };

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "moult-queue-"));
  opened = [];
  await restart();
});
afterEach(async () => {
  for (const each of opened) await each.close();
  await rm(dataDir, { recursive: true, force: true });
});

const file = (): string => join(dataDir, "reports.jsonl");
const downloading = (sequence: number, progressPercent: number): AssignmentEvent => ({
  kind: "downloading",
  sequence,
  progressPercent,
});
const installing = (sequence: number): AssignmentEvent => ({ kind: "installing", sequence });
const finished = (sequence: number): AssignmentEvent => ({
  kind: "finished",
  sequence,
  outcome: "failed",
  code: "install-failed",
  running: { artifactName: "1.0", provides: {} },
});

/** The same folder after the agent was killed: nothing of this process's memory is left. */
const restart = async (): Promise<void> => {
  queue = await openReportQueue(dataDir, log);
  opened.push(queue);
};
const sequences = (): number[] =>
  queue.head(100).flatMap((entry) => (entry.kind === "event" ? entry.event.sequence : []));

test("a report outlives a kill the moment it was added", async () => {
  await queue.add(attempt, downloading(1, 0));
  await queue.add(attempt, finished(2), "/logs/a.log");

  await restart();

  expect(sequences()).toEqual([1, 2]);
  await queue.settle(queue.head(100));
  expect(queue.head(100)).toEqual([{ kind: "log", ...attempt, file: "/logs/a.log" }]);
});

test("what the server acknowledged stays acknowledged", async () => {
  await queue.add(attempt, downloading(1, 0));
  await queue.settle(queue.head(100));
  await queue.add(attempt, installing(2));

  await restart();

  expect(sequences()).toEqual([2]);
});

test("the same report again is no second report, before and after its acknowledgement and a restart", async () => {
  await queue.add(attempt, installing(1));
  await queue.add(attempt, installing(1));
  expect(sequences()).toEqual([1]);
  await queue.settle(queue.head(100));

  await restart();
  await queue.add(attempt, installing(1));

  expect(queue.length).toBe(0);
});

test("an end is told although its number was taken by an agent that is gone, and only once", async () => {
  await queue.add(attempt, installing(1));
  await queue.add(attempt, installing(2));
  await queue.add(attempt, finished(2));
  await queue.add(attempt, finished(2));

  await restart();
  await queue.add(attempt, finished(2));

  expect(sequences()).toEqual([1, 2, 3]);
});

test("a line that a power cut tore never counted, and swallows nothing that is written after it", async () => {
  await queue.add(attempt, installing(1));
  await queue.close();
  await appendFile(file(), '{"kind":"event","assignm');

  await restart();
  await queue.add(attempt, finished(2));
  await restart();

  expect(sequences()).toEqual([1, 2]);
});

test("a file of rubbish is survived", async () => {
  await queue.close();
  await writeFile(file(), "\u0000\u0001\n{}\nnull\n");
  await restart();
  await queue.add(attempt, installing(1));
  expect(sequences()).toEqual([1]);
});

test("of progress that nobody has heard only the newest is sent", async () => {
  await queue.add(attempt, downloading(1, 0));
  await queue.add(attempt, downloading(2, 10));
  await queue.add(attempt, downloading(3, 20));
  await queue.add(attempt, installing(4));
  expect(sequences()).toEqual([3, 4]);
});

test("progress that is on its way is not replaced under the sender's hands", async () => {
  await queue.add(attempt, downloading(1, 0));
  const onItsWay = queue.head(100);
  queue.sending(onItsWay);
  await queue.add(attempt, downloading(2, 10));
  await queue.settle(onItsWay);
  expect(sequences()).toEqual([2]);
});

test("reports of one attempt are given out together, in order, and a log apart", async () => {
  const later = { ...attempt, attempt: 2 };
  await queue.add(attempt, installing(1));
  await queue.add(attempt, finished(2), "/logs/a.log");
  await queue.add(later, installing(1));

  const heads: string[] = [];
  while (queue.length > 0) {
    const head = queue.head(100);
    heads.push(head.map((entry) => `${entry.attempt}:${entry.kind}`).join(" "));
    await queue.settle(head);
  }
  expect(heads).toEqual(["1:event 1:event", "1:log", "2:event"]);
});

test("reports that are added while others leave are not lost", async () => {
  await queue.add(attempt, installing(1));
  const adding = queue.add(attempt, finished(2));
  const settling = queue.settle(queue.head(1));
  await Promise.all([adding, settling]);

  await restart();

  expect(sequences()).toEqual([2]);
});

test("an end that the server forgot is told again under a new number, once the first was acknowledged", async () => {
  expect(await queue.repeatFinished(attempt)).toBe(false);
  await queue.add(attempt, finished(5));
  expect(await queue.repeatFinished(attempt)).toBe(true);
  expect(sequences()).toEqual([5]);
  await queue.settle(queue.head(100));

  await restart();
  expect(await queue.repeatFinished({ ...attempt, attempt: 2 })).toBe(false);
  expect(await queue.repeatFinished(attempt)).toBe(true);

  expect(queue.head(100)).toMatchObject([
    { event: { kind: "finished", sequence: 6, code: "install-failed" } },
  ]);
});

test("the file does not grow with what was delivered", async () => {
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    await queue.add(attempt, installing(sequence));
    await queue.settle(queue.head(100));
  }
  expect((await readFile(file(), "utf8")).split("\n").length).toBeLessThan(4);
});
