import { expect, test } from "vitest";
import { createLineReader } from "../machine/machine.ts";
import { milestoneOf, parseSerialLine, type Milestone, type SerialMark } from "./serial-mark.ts";

test.each<[line: string, mark: SerialMark]>([
  [
    "moult: start slot=b good=a trial=b tries=1",
    { kind: "start", slot: "b", good: "a", trial: "b", tries: 1 },
  ],
  [
    "moult: start slot=a good=a trial= tries=0",
    { kind: "start", slot: "a", good: "a", trial: "", tries: 0 },
  ],
  [
    "moult: tries cannot be counted",
    { kind: "grub-trouble", line: "moult: tries cannot be counted" },
  ],
  [
    "@@ INIT slot=a version=rig-1 fua=0 cache=write-back up=3.33",
    { kind: "system-started", slot: "a", version: "rig-1", cache: "write-back" },
  ],
  ["@@ REPAIR /data rc=1 up=4.00", { kind: "repaired", folder: "/data" }],
  ["@@ LOST /data up=4.00", { kind: "lost", folder: "/data" }],
  ["@@ AGENT exit=1 up=22.96", { kind: "agent-ended", exitCode: 1 }],
  ["@@ REBOOT up=80.10", { kind: "restarting" }],
  [
    "[    5.1] Kernel panic - not syncing: VFS",
    { kind: "kernel-trouble", line: "[    5.1] Kernel panic - not syncing: VFS" },
  ],
  [
    '{"at":"2026-11-29T02:01:49.489Z","level":"info","event":"slot-written","bytes":7}',
    {
      kind: "agent",
      event: "slot-written",
      fields: {
        at: "2026-11-29T02:01:49.489Z",
        level: "info",
        event: "slot-written",
        bytes: 7,
      },
    },
  ],
])("%s", (line, mark) => {
  expect(parseSerialLine(line)).toEqual(mark);
});

test("half a line and a person's words say nothing", () => {
  expect(parseSerialLine('{"at":"2026-11-29T02:01:49.489Z","lev')).toBeUndefined();
  expect(parseSerialLine("Welcome")).toBeUndefined();
  expect(parseSerialLine("error: no suitable video mode found.")).toBeUndefined();
});

const log = (event: string, fields: object = {}): SerialMark => ({
  kind: "agent",
  event,
  fields: { ...fields },
});

test.each<[milestone: Milestone | undefined, mark: SerialMark, isTrial: boolean]>([
  ["grub-started", { kind: "start", slot: "a", good: "a", trial: "b", tries: 0 }, false],
  ["trial-started", { kind: "start", slot: "b", good: "a", trial: "b", tries: 1 }, false],
  ["armed", log("boot-choice", { good: "a", trial: "b", triesLeft: 2 }), false],
  [undefined, log("boot-choice", { good: "a", trial: "b", triesLeft: 0 }), false],
  [undefined, log("boot-choice", { good: "a", trial: null, triesLeft: 0 }), false],
  ["confirmed", log("boot-choice", { good: "b", trial: null, triesLeft: 0 }), true],
  ["writing", log("downloaded", { from: "downloading", to: "unpacking" }), false],
  ["written", log("slot-written"), false],
])("%s is a moment to cut at", (milestone, mark, isTrial) => {
  expect(milestoneOf(mark, isTrial)).toBe(milestone);
});

test("lines are whole, whatever the pieces they come in, and free of what moves a cursor", () => {
  const lines: string[] = [];
  const read = createLineReader((line) => lines.push(line));
  for (const piece of ["\u001b[H\u001b[Jmou", "lt: start\r", "\nnext\nrest"]) read(piece);
  expect(lines).toEqual(["moult: start", "next"]);
});
