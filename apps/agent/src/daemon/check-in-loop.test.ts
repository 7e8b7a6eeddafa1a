import { randomUUID } from "node:crypto";
import { HOUR_MS, MINUTE_MS, SECOND_MS, seededRandom } from "@moult/base";
import { Sha256 } from "@moult/model";
import type { Instruction } from "@moult/trust";
import { expect, test } from "vitest";
import { AgentError } from "../agent-error.ts";
import type { Ticker } from "@moult/agent-core";
import { createCheckInLoop } from "./check-in-loop.ts";
import { createHeldInstruction } from "./held-instruction.ts";
import type { ContactResult } from "./server-contact.ts";

const DAY_MS = 24 * HOUR_MS;

function instruction(checkInSeconds: number, ask: Instruction["ask"] = []): Instruction {
  return {
    type: "instruction",
    tenantId: randomUUID() as never,
    deviceId: randomUUID() as never,
    nonce: "bm9uY2Utb2YtMTYtYnl0ZXM=",
    generation: 1,
    issuedAtMs: 0,
    expiresAtMs: DAY_MS,
    action: { kind: "nothing-to-do" },
    ask,
    checkInSeconds,
  };
}

const instructed = (checkInSeconds: number, ask?: Instruction["ask"]): ContactResult => ({
  kind: "instructed",
  accepted: {
    instruction: instruction(checkInSeconds, ask),
    origin: {
      generation: 1,
      sha256: Sha256.parse("ab".repeat(32)),
      keySha256: Sha256.parse("cd".repeat(32)),
    },
  },
  lifetimeMs: DAY_MS,
});
const holds: ContactResult = { kind: "holds" };
const failed: ContactResult = { kind: "failed", error: new AgentError("server-unreachable") };

interface Played {
  readonly pausesMs: readonly number[];
  /** Whether each check-in demanded a signed answer. */
  readonly fresh: readonly boolean[];
}

/** The pauses after each of these results; time passes only in pauses. */
async function play(
  results: readonly ContactResult[],
  { lifetimeMs = DAY_MS, bounds = { secondsMin: 1, secondsMax: 86_400 } } = {},
): Promise<Played> {
  const held = createHeldInstruction();
  const stop = new AbortController();
  const pausesMs: number[] = [];
  const fresh: boolean[] = [];
  const left = [...results];
  let nowMs = 0;
  const ticker: Ticker = {
    monotonicMs: () => nowMs,
    sleep: async (delayMs) => {
      nowMs += delayMs;
    },
  };
  const loop = createCheckInLoop({
    contact: {
      contact: async () => {
        fresh.push(held.needsFresh(nowMs));
        const result = left.shift();
        if (left.length === 0) stop.abort(new Error("the play is over"));
        if (result?.kind === "instructed") held.hold(result.accepted, lifetimeMs, nowMs);
        return result ?? holds;
      },
    },
    held,
    bounds,
    onPause: (delayMs) => pausesMs.push(delayMs),
    onContact: () => undefined,
    ticker,
    random: seededRandom(7),
  });
  await loop.run(stop.signal);
  return { pausesMs, fresh };
}

test("a device asks at the interval it was told, a tenth earlier or later", async () => {
  const { pausesMs } = await play([instructed(600), ...Array<ContactResult>(50).fill(holds)]);
  expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(540 * SECOND_MS);
  expect(Math.max(...pausesMs)).toBeLessThanOrEqual(660 * SECOND_MS);
  expect(new Set(pausesMs).size).toBeGreaterThan(20);
});

test("the device's own bounds hold whatever the server asks", async () => {
  const bounds = { secondsMin: 60, secondsMax: 3_600 };
  const short = await play([instructed(1)], { bounds });
  const long = await play([instructed(7 * 86_400)], { bounds });
  expect(short.pausesMs[0]).toBeGreaterThanOrEqual(54 * SECOND_MS);
  expect(long.pausesMs[0]).toBeLessThanOrEqual(66 * MINUTE_MS);
});

test("a signed answer is demanded at the start and at half of an instruction's life, not before", async () => {
  const lifetimeMs = 20 * MINUTE_MS;
  const { fresh, pausesMs } = await play([instructed(240), holds, holds, holds, holds], {
    lifetimeMs,
  });
  expect(fresh.slice(0, 4)).toEqual([true, false, false, true]);
  expect((pausesMs[0] ?? 0) + (pausesMs[1] ?? 0) + (pausesMs[2] ?? 0)).toBe(10 * MINUTE_MS);
});

test("a server that does not answer is asked ever more rarely, but for ever", async () => {
  const { pausesMs } = await play(Array<ContactResult>(60).fill(failed));
  expect(pausesMs[0]).toBeLessThanOrEqual(2 * SECOND_MS);
  expect(Math.max(...pausesMs)).toBeGreaterThan(5 * MINUTE_MS);
  expect(Math.max(...pausesMs)).toBeLessThanOrEqual(10 * MINUTE_MS);
});

test("after an answer the next failure is the first again", async () => {
  const { pausesMs } = await play([
    ...Array<ContactResult>(30).fill(failed),
    instructed(60),
    failed,
  ]);
  expect(pausesMs.at(-1)).toBeLessThanOrEqual(2 * SECOND_MS);
});

test.each<[string, ContactResult, number, number]>([
  ["pending", { kind: "not-accepted", state: "pending" }, 5 * SECOND_MS, 5 * MINUTE_MS],
  ["rejected", { kind: "not-accepted", state: "rejected" }, 5 * MINUTE_MS, HOUR_MS],
  ["decommissioned", { kind: "not-accepted", state: "decommissioned" }, 6 * HOUR_MS, DAY_MS],
])("a device that is %s asks seldom", async (_state, result, atLeastMs, atMostMs) => {
  const { pausesMs } = await play(Array<ContactResult>(40).fill(result));
  expect(Math.max(...pausesMs)).toBeGreaterThanOrEqual(atLeastMs);
  expect(Math.max(...pausesMs)).toBeLessThanOrEqual(atMostMs);
});

test("a decommissioned device is quiet from the first time on", async () => {
  const { pausesMs } = await play([{ kind: "not-accepted", state: "decommissioned" }]);
  expect(pausesMs[0]).toBeGreaterThanOrEqual(6 * HOUR_MS);
});

test("a server that asks to be left alone is left alone for that long", async () => {
  const problem = {
    status: 429,
    code: "too-many-requests",
    detail: undefined,
    retryAfterSeconds: 120,
  };
  const { pausesMs } = await play(Array<ContactResult>(20).fill({ kind: "problem", problem }));
  expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(120 * SECOND_MS);
});

test("what the server asks for is sent at once, but not for ever", async () => {
  const asking = instructed(60, ["inventory"]);
  const { pausesMs } = await play([asking, asking, asking, asking]);
  expect(pausesMs.map((pauseMs) => pauseMs === 0)).toEqual([true, false, true, false]);
});
