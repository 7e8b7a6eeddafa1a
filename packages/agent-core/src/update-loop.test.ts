import { initialState, type Effect, type Update } from "@moult/updater";
import { expect, test } from "vitest";
import { silentLog } from "./lossy-disk.fixture.ts";
import type { StateStore } from "./state-store.ts";
import { createUpdateLoop } from "./update-loop.ts";

const RUNNING = { artifactName: "old", provides: {} };
const UPDATE: Update = {
  kind: "standalone",
  id: "one",
  file: "/file",
  isUnsignedAllowed: true,
  metadataDir: null,
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
    facts: () => ({ monotonicMs: 0, bootId: "1", confirmTimeoutMs: 1_000, holdMsMax: 1_000 }),
    execute: (effect: Effect) => {
      steps.push(`began ${effect.kind}`);
      return Promise.resolve(null);
    },
    ticker: {
      monotonicMs: () => 0,
      sleep: () => {
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

test("a loop that is stopped while it cannot save decides nothing", async () => {
  const { loop } = aLoop(Number.POSITIVE_INFINITY);
  await loop.start();
  const offered = loop.deliver({ kind: "offered", update: UPDATE });
  await loop.stop();
  expect(await offered).toBe(false);
  expect(loop.state()).toEqual(initialState(RUNNING));
});
