import { initialState, type Update, type UpdateState } from "@moult/updater";
import { expect, test } from "vitest";
import { silentLog } from "./lossy-disk.fixture.ts";
import type { StateStore } from "./state-store.ts";
import { createUpdateLoop } from "./update-loop.ts";

const HOLD_MS_MAX = 1_000;
const RUNNING = { artifactName: "old", provides: {} };
const UPDATE: Update = {
  kind: "standalone",
  id: "one",
  file: "/file",
  isUnsignedAllowed: true,
  metadataDir: null,
};

/** An update whose machine has rebooted into the new software. */
const REBOOTED: UpdateState = {
  kind: "rebooting",
  running: RUNNING,
  lastAssignment: null,
  bootId: "1",
  job: {
    update: UPDATE,
    artifact: { name: "new", payloadTypes: ["app"], runningAfter: RUNNING, vouched: null },
    supportsRollback: true,
    reboots: ["system"],
    sequence: 1,
    steps: 1,
    rollbacks: 0,
    verdict: { failure: null, rollback: "none" },
  },
};

/** A loop whose steps are written down in order; the first `failures` tries to save fail. */
function aLoop(failures: number) {
  const steps: string[] = [];
  let left = failures;
  const store: StateStore = {
    load: () => Promise.resolve({ reading: "fresh", state: undefined }),
    save: ({ kind }) => {
      left -= 1;
      steps.push(left < 0 ? `saved ${kind}` : "not saved");
      return left < 0 ? Promise.resolve() : Promise.reject(new Error("EIO"));
    },
  };
  const loop = createUpdateLoop({
    store,
    facts: () => ({ bootId: "1", confirmTimeoutMs: 1_000, holdMsMax: HOLD_MS_MAX }),
    execute: (effect) => {
      steps.push(`began ${effect.kind}`);
      return Promise.resolve(null);
    },
    ticker: {
      monotonicMs: () => 0,
      sleep: (delayMs) => {
        if (delayMs === HOLD_MS_MAX) return new Promise(() => undefined);
        steps.push("slept");
        return Promise.resolve();
      },
    },
    log: silentLog,
    initialRunning: RUNNING,
    onChange: ({ after }) => steps.push(`became ${after.kind}`),
  });
  return { loop, steps };
}

test("nothing is done about a state, and nobody is told of it, before it is saved", async () => {
  const { loop, steps } = aLoop(2);
  await loop.start();
  expect(await loop.deliver({ kind: "offered", update: UPDATE })).toBe(true);

  const kind = loop.state().kind;
  expect(steps.slice(0, 6)).toEqual([
    "not saved",
    "slept",
    "not saved",
    "slept",
    `saved ${kind}`,
    `became ${kind}`,
  ]);
  expect(steps.slice(6)).not.toEqual([]);
  expect(steps.slice(6).every((step) => step.startsWith("began "))).toBe(true);
});

test("an event that does not apply saves nothing", async () => {
  const { loop, steps } = aLoop(0);
  await loop.start();
  expect(await loop.deliver({ kind: "committed" })).toBe(false);
  expect(steps).toEqual([]);
});

test("a trial has all its time, however long its state could not be saved", async () => {
  let nowMs = 1_000;
  let isFull = false;
  const sleeps: { readonly atMs: number; readonly wake: () => void }[] = [];
  const sleep = (delayMs: number): Promise<void> =>
    new Promise((wake) => sleeps.push({ atMs: nowMs + delayMs, wake }));
  /** Lets the time pass to the next instant at which somebody wakes. */
  const pass = async (): Promise<void> => {
    const next = sleeps.toSorted((one, other) => one.atMs - other.atMs)[0];
    if (next === undefined) throw new Error("nobody sleeps");
    sleeps.splice(sleeps.indexOf(next), 1);
    nowMs = next.atMs;
    next.wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const loop = createUpdateLoop({
    store: {
      load: () => Promise.resolve({ reading: "read", state: REBOOTED }),
      save: () => (isFull ? Promise.reject(new Error("ENOSPC")) : Promise.resolve()),
    },
    facts: () => ({ bootId: "2", confirmTimeoutMs: 60_000, holdMsMax: 1_000 }),
    execute: () => Promise.resolve(null),
    ticker: { monotonicMs: () => nowMs, sleep },
    log: silentLog,
    initialRunning: RUNNING,
  });
  await loop.start();
  expect(loop.state().kind).toBe("verifying");

  isFull = true;
  const verified = loop.deliver({ kind: "verified" });
  await new Promise((resolve) => setImmediate(resolve));
  while (nowMs < 600_000) await pass();
  isFull = false;
  await pass();
  expect(await verified).toBe(true);
  const beganAtMs = nowMs;
  await pass();
  expect(nowMs - beganAtMs).toBe(60_000);
  expect(loop.state().kind).toBe("rolling-back");
});

test("a loop that is stopped while it cannot save decides nothing", async () => {
  const { loop } = aLoop(Number.POSITIVE_INFINITY);
  await loop.start();
  const offered = loop.deliver({ kind: "offered", update: UPDATE });
  await loop.stop();
  expect(await offered).toBe(false);
  expect(loop.state()).toEqual(initialState(RUNNING));
});
