import { expect, test } from "vitest";
import { createUpdateClock } from "./update-clock.ts";

/** Time that the test lets pass. */
function aTicker() {
  let nowMs = 0;
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  return {
    ticker: {
      monotonicMs: () => nowMs,
      sleep: (delayMs: number, signal: AbortSignal) =>
        new Promise<void>((wake, reject) => {
          sleepers.push({ atMs: nowMs + delayMs, wake });
          signal.addEventListener("abort", () => reject(new Error("aborted")));
        }),
    },
    pass: async (ms: number): Promise<void> => {
      nowMs += ms;
      const due = sleepers.filter(({ atMs }) => atMs <= nowMs);
      sleepers = sleepers.filter(({ atMs }) => atMs > nowMs);
      for (const { wake } of due) wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const never = new AbortController().signal;

test("the time that a save takes does not count, and no deadline passes in it", async () => {
  const { ticker, pass } = aTicker();
  const clock = createUpdateClock(ticker);
  let hasPassed = false;
  void clock.until(100, never).then(() => (hasPassed = true));
  await pass(90);

  let saved = (): void => undefined;
  const save = clock.pausedFor(() => new Promise<void>((resolve) => (saved = resolve)));
  await pass(500);
  expect(clock.nowMs()).toBe(90);
  expect(hasPassed).toBe(false);

  saved();
  await save;
  expect(clock.nowMs()).toBe(90);
  await pass(9);
  expect(hasPassed).toBe(false);
  await pass(1);
  expect(hasPassed).toBe(true);
});

test("a timer that fires a little too early ends the wait all the same", async () => {
  const { ticker, pass } = aTicker();
  const early = {
    ...ticker,
    sleep: (ms: number, signal: AbortSignal) => ticker.sleep(ms - 0.5, signal),
  };
  let hasPassed = false;
  void createUpdateClock(early)
    .until(100, never)
    .then(() => (hasPassed = true));
  await pass(99.5);
  expect(hasPassed).toBe(true);
});

test("a clock goes on after work that failed, and a wait that is given up ends", async () => {
  const { ticker, pass } = aTicker();
  const clock = createUpdateClock(ticker);
  await expect(clock.pausedFor(() => Promise.reject(new Error("EIO")))).rejects.toThrow("EIO");
  await pass(5);
  expect(clock.nowMs()).toBe(5);

  const giveUp = new AbortController();
  const wait = clock.until(100, giveUp.signal);
  giveUp.abort();
  await expect(wait).rejects.toThrow("aborted");
});
