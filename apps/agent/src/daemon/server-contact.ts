import { SECOND_MS, backOffDelayMs, instant, type Clock, type Log, type Random } from "@moult/base";
import type { Inventory, ReportedContext } from "@moult/model";
import { readClock, type ClockReading } from "../clock/time-floor.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import type { CheckIn, CheckInResult, DeviceReport } from "../server-link/check-in.ts";
import type { DeviceSession } from "../server-link/device-session.ts";
import type { LinkState } from "../server-link/link-state.ts";
import type { Ticker } from "@moult/agent-core";
import type { UpdateRunner } from "../update-runner/update-runner.ts";
import type { TrustLook } from "../trust/trust-look.ts";
import type { HeldInstruction } from "./held-instruction.ts";
import type { LinkHealth } from "./link-health.ts";
import { assignmentUnderWay, obey } from "./obey.ts";
import { personAttributes } from "./person-attributes.ts";
import type { ReportCache } from "./report-cache.ts";

export interface ServerContactDeps {
  readonly checkIn: CheckIn;
  readonly session: Pick<DeviceSession, "drop">;
  readonly link: Pick<LinkState, "read">;
  /** Whether the server that is talked to gave this assignment: another one would not know it. */
  readonly isItsAssignment: (assignmentId: string) => boolean;
  /** What the device says of its signed metadata. */
  readonly trustAttributes: () => Inventory;
  readonly trustLook: TrustLook;
  readonly runner: Pick<UpdateRunner, "state" | "running" | "offer" | "withdraw" | "aroundCheckIn">;
  readonly queue: ReportQueue;
  readonly inventory: ReportCache<Inventory>;
  /** Undefined until the device was asked. */
  readonly context: ReportCache<ReportedContext | undefined>;
  readonly held: HeldInstruction;
  readonly health: LinkHealth;
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly random: Random;
  readonly log: Log;
}

export type ContactResult =
  | CheckInResult
  /** A state script of the device does not want it to talk to its server now. */
  | { readonly kind: "sync-refused"; readonly detail: string }
  | { readonly kind: "failed"; readonly error: unknown };

/** One check-in and what follows from it. */
export interface ServerContact {
  /** Checks in as the life cycle has it, state scripts around it, and obeys the answer. Throws only when aborted. */
  readonly contact: (signal: AbortSignal) => Promise<ContactResult>;
  /** Returns when this agent, freshly logged in, got an answer that it can obey; tries until then or until aborted. */
  readonly reach: (signal: AbortSignal) => Promise<void>;
}

/** What a check-in waits for slow scripts; what they say is in the next one. */
const SCRIPTS_WAIT_MS = 5 * SECOND_MS;

/** New software is on trial while this is tried, so it is tried often. */
const REACH_BACK_OFF = { delayMsMin: SECOND_MS, delayMsMax: 30 * SECOND_MS };

export function createServerContact(deps: ServerContactDeps): ServerContact {
  const { checkIn, session, runner, held, health, ticker, random, log } = deps;
  let last: Promise<unknown> = Promise.resolve();

  /** Nonce and generation belong together, so check-ins go one after the other. */
  const exchange = (fresh: boolean, signal: AbortSignal): Promise<CheckInResult> => {
    const run = async (): Promise<CheckInResult> => {
      signal.throwIfAborted();
      const result = await checkIn.checkIn(reportOf(deps), fresh, signal);
      if (result.kind === "instructed")
        held.hold(result.accepted, result.lifetimeMs, ticker.monotonicMs());
      health.heard(result, deps.clock.now());
      return result;
    };
    const done = last.then(run, run);
    last = done;
    return done;
  };

  const obeyResult = async (result: CheckInResult): Promise<void> => {
    if (result.kind === "instructed") await obey(deps, result.accepted, true);
    // What was offered and could not be begun then (a person's installation was under way) may be begun now.
    const accepted = result.kind === "holds" ? held.current(ticker.monotonicMs()) : undefined;
    if (accepted !== undefined) await obey(deps, accepted, false);
  };

  const failed = (error: unknown): ContactResult => {
    health.failed(error, clockReading(deps));
    log.warn("check-in-failed", { error, trouble: health.read().trouble });
    return { kind: "failed", error };
  };

  return {
    contact: async (signal) => {
      try {
        await atMost(SCRIPTS_WAIT_MS, refreshReports(deps), ticker);
        const fresh = held.needsFresh(ticker.monotonicMs());
        const around = await runner.aroundCheckIn(() => exchange(fresh, signal), signal);
        if (around.kind === "sync-refused") {
          health.postponed(`a Sync_Enter state script said no: ${around.detail}`);
          return around;
        }
        await obeyResult(around.result);
        // Also after an answer that is of no use: that may be for want of a newer root.
        if (around.result.kind !== "not-accepted") await deps.trustLook.lookIfDue(signal);
        return around.result;
      } catch (error) {
        if (signal.aborted) throw error;
        return failed(error);
      }
    },
    reach: async (signal) => {
      for (let failures = 1; ; failures += 1) {
        try {
          session.drop();
          const result = await exchange(true, signal);
          // A signed answer: software that lost its keys would reach the server and never obey it again.
          if (result.kind === "instructed") {
            // The update that asks this is itself under way: what the answer says is done beside it.
            obeyResult(result).catch((error: unknown) =>
              log.error("instruction-failed", { error }),
            );
            return;
          }
          log.warn("server-not-reached", { ...result });
        } catch (error) {
          signal.throwIfAborted();
          failed(error);
        }
        await ticker.sleep(backOffDelayMs(REACH_BACK_OFF, failures, random), signal);
      }
    },
  };
}

const clockReading = ({ clock, link }: ServerContactDeps): ClockReading =>
  readClock(clock.now(), instant(link.read().timeFloorMs));

function reportOf(deps: ServerContactDeps): DeviceReport {
  const { runner, inventory } = deps;
  const context = deps.context.current();
  const update = assignmentUnderWay(runner.state());
  return {
    activity:
      update === undefined || !deps.isItsAssignment(update.assignmentId)
        ? { kind: "idle" }
        : { kind: "updating", assignmentId: update.assignmentId, attempt: update.attempt },
    running: runner.running(),
    inventory: {
      ...inventory.current(),
      "moult.clock": clockReading(deps),
      ...deps.trustAttributes(),
      ...personAttributes(runner.state()),
    },
    ...(context === undefined ? {} : { context }),
  };
}

async function refreshReports({ inventory, context }: ServerContactDeps): Promise<void> {
  await Promise.all([inventory.refreshIfDue(), context.refreshIfDue()]);
}

/** Waits for `work`, which never fails, but no longer than `waitMs`. */
async function atMost(waitMs: number, work: Promise<void>, ticker: Ticker): Promise<void> {
  const over = new AbortController();
  const timer = ticker.sleep(waitMs, over.signal).catch(() => undefined);
  await Promise.race([work, timer]);
  over.abort();
}
