import { instant } from "@moult/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readRanges } from "./byte-ranges.ts";
import { clientKindOf, waysOf } from "./client-kind.ts";
import { opennessOf, waitOf } from "./deployment-body.ts";
import { pollingSleep } from "./polling-sleep.ts";
import {
  ConfigData,
  Feedback,
  cancelFeedbackOf,
  changedAttributes,
  feedbackOf,
} from "./read-feedback.ts";

test.each([
  ["libcurl-agent/1.0", "swupdate"],
  ["rauc-hawkbit-c-agent/1.0", "rauc"],
  ["hara", "other"],
  [undefined, "other"],
] as const)("a client that calls itself %s is treated as %s", (agent, kind) => {
  expect(clientKindOf(agent)).toBe(kind);
});

test("devices that were set up alike do not all ask at the same time", () => {
  const sleeps = Array.from({ length: 200 }, (_, index) => pollingSleep(`gw-${index}`, 3_600));

  expect(new Set(sleeps).size).toBeGreaterThan(100);
  for (const sleep of sleeps) expect(sleep >= "00:51:00" && sleep <= "01:09:00").toBe(true);
  expect(pollingSleep("gw-1", 3_600)).toBe(sleeps[1]);
  expect(pollingSleep("gw-1", 0)).toBe("00:00:01");
  expect(pollingSleep("gw-1", 10 ** 9)).toBe("23:59:59");
});

const HOUR = 3_600_000;
const workWith = (terms: object, isConfirmed = false) =>
  ({ action: { isConfirmed }, offer: { terms } }) as never;

test.each([
  [{}, "forced", "forced", "forced"],
  [
    { windows: { install: [{ fromMs: HOUR, untilMs: 2 * HOUR }] } },
    "hidden",
    "download",
    "download",
  ],
  [{ windows: { install: [{ fromMs: 0, untilMs: HOUR }] } }, "forced", "forced", "forced"],
  [
    { mode: { consent: false, forceFromMs: null, downloadOnly: true } },
    "hidden",
    "download",
    "download",
  ],
  [{ mode: { consent: true, forceFromMs: null } }, "hidden", "download", "to-be-confirmed"],
  [{ mode: { consent: true, forceFromMs: 0 } }, "forced", "forced", "forced"],
])("a plan's words %j come to %s for SWUpdate, %s for RAUC, %s for others", (terms, ...wanted) => {
  const told = (["swupdate", "rauc", "other"] as const).map((kind) =>
    opennessOf(workWith(terms), waysOf(kind), instant(HOUR / 2)),
  );

  expect(told).toEqual(wanted);
});

test("what was confirmed is asked no more", () => {
  const work = workWith({ mode: { consent: true, forceFromMs: null } }, true);
  expect(opennessOf(work, waysOf("other"), instant(0))).toBe("forced");
});

const SHUT = { windows: { install: [{ fromMs: HOUR, untilMs: 2 * HOUR }] } };
const workAt = (terms: object, state: string, progressPercent: number | null, isFetched = true) =>
  ({ action: { isFetched }, offer: { terms, state, progressPercent } }) as never;
const codesOf = (...args: Parameters<typeof waitOf>) =>
  waitOf(...args)?.holds.map(({ code }) => code);

test("a client waits once it has done what it may do now, and what it restarts into waits for nothing", () => {
  const rauc = waysOf("rauc");
  expect(codesOf(workAt(SHUT, "offered", null, false), rauc, instant(HOUR / 2))).toBeUndefined();
  expect(codesOf(workAt(SHUT, "downloading", 50), rauc, instant(HOUR / 2))).toBeUndefined();
  expect(codesOf(workAt(SHUT, "downloading", 100), rauc, instant(HOUR / 2))).toEqual([
    "outside-window",
  ]);
  expect(codesOf(workAt(SHUT, "offered", null), rauc, instant(HOUR / 2))).toEqual([
    "outside-window",
  ]);
  expect(codesOf(workAt(SHUT, "offered", null), rauc, instant(HOUR))).toBeUndefined();

  const swupdate = waysOf("swupdate");
  expect(codesOf(workAt(SHUT, "offered", null, false), swupdate, instant(0))).toEqual([
    "outside-window",
  ]);
  expect(codesOf(workAt(SHUT, "proving", null), swupdate, instant(0))).toBeUndefined();
  const asking = { mode: { consent: true, forceFromMs: null } };
  expect(codesOf(workAt(asking, "offered", null, false), waysOf("other"), instant(0))).toEqual([
    "consent-needed",
  ]);
});

const said = (execution: string, finished: string, details: readonly string[] = []) =>
  Feedback.parse({ status: { execution, result: { finished }, details } });

test.each([
  ["closed", "success", [], { kind: "written" }],
  ["closed", "none", [], { kind: "written" }],
  ["closed", "failure", ["x"], { kind: "failed", afterRestart: false }],
  ["closed", "failure", ["Update Failed."], { kind: "failed", afterRestart: true }],
  [
    "proceeding",
    "none",
    ["All Chunks Installed."],
    { kind: "progress", report: { kind: "activating" } },
  ],
  ["proceeding", "none", ["whatever"], { kind: "progress", report: null }],
  ["canceled", "none", [], { kind: "progress", report: null }],
] as const)("%s with %s and %j means what it means", (execution, finished, details, step) => {
  expect(feedbackOf(said(execution, finished, details), "swupdate").step).toEqual(step);
});

const fetched = { kind: "downloading", progressPercent: 100 };

test.each([
  ["Download complete. 43.54 MB/s", fetched],
  ["File checksum OK.", fetched],
  ["installing", { kind: "installing" }],
  ["  0% Determining slot states", { kind: "installing" }],
  ["100% Installing done.", { kind: "installing" }],
  ["idle", null],
])("a RAUC client that tells %j has not begun to install before RAUC does", (words, report) => {
  const { step } = feedbackOf(said("proceeding", "none", [words]), "rauc");
  expect(step).toEqual({ kind: "progress", report });
});

test.each([
  ["closed", "success", "given-up"],
  ["closed", "none", "given-up"],
  ["closed", "failure", "goes-on"],
  ["rejected", "success", "goes-on"],
  ["canceled", "success", "undecided"],
] as const)("a cancellation is answered by %s with %s as %s", (execution, finished, answer) => {
  expect(cancelFeedbackOf(said(execution, finished)).answer).toBe(answer);
});

test("attributes are merged, replaced or taken away as the client says", () => {
  const change = (mode: string | undefined, data: object) =>
    changedAttributes({ a: "1", b: "2" }, ConfigData.parse({ mode, data }));

  expect(change(undefined, { b: null, c: 3 })).toEqual({ a: "1", c: "3" });
  expect(change("replace", { c: "3" })).toEqual({ c: "3" });
  expect(change("remove", { a: "" })).toEqual({ b: "2" });
});

test("whatever is sent for JSON is read or refused", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const feedback = Feedback.safeParse(value);
      if (feedback.success) feedbackOf(feedback.data, "swupdate");
      const config = ConfigData.safeParse({ data: value });
      if (config.success) changedAttributes({}, config.data);
    }),
  );
});

test("ranges are inside the file, apart from each other, or none", () => {
  const part = fc.oneof(
    fc.tuple(fc.nat(300), fc.nat(300)).map(([from, to]) => `${from}-${to}`),
    fc.nat(300).map((from) => `${from}-`),
    fc.nat(300).map((length) => `-${length}`),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 6 }),
      fc.integer({ min: 1, max: 200 }),
      (parts, size) => {
        const ranges = readRanges(`bytes=${parts.join(",")}`, size);
        if (ranges === undefined || ranges === "unsatisfiable") return;
        const seen = new Set<number>();
        for (const { start, end } of ranges) {
          expect(start >= 0 && start < end && end <= size).toBe(true);
          for (let at = start; at < end; at += 1) {
            expect(seen.has(at)).toBe(false);
            seen.add(at);
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(readRanges(`bytes=${"0-0,".repeat(300)}0-0`, 10)).toBe("unsatisfiable");
});
