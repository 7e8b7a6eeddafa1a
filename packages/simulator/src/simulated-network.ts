import type { Chance } from "./chance.ts";
import type { Life } from "./life.ts";
import type { Scenario } from "./scenario.ts";
import { count, type Tally } from "./tally.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The way between the device and its server. */
export interface SimulatedNetwork {
  /** One question and its answer; fails when either is lost. */
  ask<Reply>(life: Life, subject: string, serve: () => Reply): Promise<Reply>;
}

export interface NetworkDeps {
  readonly terms: Scenario["network"];
  readonly chance: Chance;
  readonly time: VirtualTime;
  readonly tally: Tally;
  /** Why nothing can pass now, seen from the device; undefined when it can. */
  readonly obstacle: () => string | undefined;
  readonly isFaulty: () => boolean;
}

const LATENCY_MS = 40;
const TIMEOUT_MS = 10_000;
const DOWN_MS_MAX = 15 * 60_000;

export function createNetwork(deps: NetworkDeps): SimulatedNetwork {
  const { terms, chance, time, tally, obstacle, isFaulty } = deps;
  let downUntilMs = 0;
  /** The last answer by subject, for a network that brings an old one again. */
  const before = new Map<string, unknown>();

  const happens = (kind: string, probability: number): boolean => {
    if (!isFaulty() || !chance.happens(probability)) return false;
    count(tally.faults, kind);
    return true;
  };
  return {
    ask: async <Reply>(life: Life, subject: string, serve: () => Reply): Promise<Reply> => {
      await life.sleep(LATENCY_MS);
      if (happens("server goes down", terms.down))
        downUntilMs = time.nowMs + chance.fraction() * DOWN_MS_MAX;
      const hindrance =
        obstacle() ?? (isFaulty() && time.nowMs < downUntilMs ? "the server is down" : undefined);
      if (hindrance !== undefined) throw new Error(hindrance);
      if (happens("request lost", terms.requestLost)) return timedOut(life);

      const reply = await life.change(`the server hears of ${subject}`, serve);
      if (happens("request doubled", terms.doubled)) serve();
      if (happens("reply lost", terms.replyLost)) return timedOut(life);
      const old = before.get(subject);
      before.set(subject, reply);
      // The world is asked for the same kind of thing under one subject, so the old answer has the type of the new one.
      if (old !== undefined && happens("old answer again", terms.stale)) return old as Reply;
      return reply;
    },
  };
}

async function timedOut(life: Life): Promise<never> {
  await life.sleep(TIMEOUT_MS);
  throw new Error("no answer came");
}
