import { SECOND_MS, type Log, type Random } from "@moult/base";
import { systemClock } from "../clock/lift-clock.ts";
import type { LoadedConfig } from "../config.ts";
import type { CheckedProvisioning } from "../identity/read-provisioning.ts";
import { collectInventory } from "../inventory/collect-inventory.ts";
import { createInventoryCache, type InventoryCache } from "../inventory/inventory-cache.ts";
import { systemTicker } from "../platform/ticker.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import { createReportSender, type ReportSender } from "../reports/report-sender.ts";
import type { UpdateRunner } from "../update-runner/update-runner.ts";
import { agentStatus, type AgentStatus } from "./agent-status.ts";
import { buildRunner } from "./build-runner.ts";
import { createCheckInLoop, type CheckInLoop } from "./check-in-loop.ts";
import { createHeldInstruction } from "./held-instruction.ts";
import { createLinkHealth } from "./link-health.ts";
import { openServerLink, type ServerLink } from "./open-link.ts";
import { createServerContact } from "./server-contact.ts";
import { createUpdateServer } from "./update-server.ts";

export interface DaemonOptions {
  readonly loaded: LoadedConfig;
  readonly random: Random;
  readonly log: Log;
  /** Ends the daemon in good order. */
  readonly stop: AbortSignal;
  /** Gets what makes the daemon check in now. */
  readonly onReady: (checkInNow: () => void) => void;
}

export interface DaemonParts {
  readonly trusted: CheckedProvisioning;
  readonly queue: ReportQueue;
}

/** What decides when something is done, and what; nothing of it has begun. */
export interface AssembledDaemon {
  readonly server: ServerLink;
  readonly runner: UpdateRunner;
  readonly loop: CheckInLoop;
  readonly sender: ReportSender;
  readonly status: () => AgentStatus;
}

export async function assembleDaemon(
  options: DaemonOptions,
  { trusted, queue }: DaemonParts,
): Promise<AssembledDaemon> {
  const { loaded, random, log } = options;
  const { provisioning } = trusted;
  const payloadTypes = (): Promise<readonly string[]> => runner.payloadTypes();
  const server = await openServerLink({ loaded, trusted, payloadTypes, random, log });
  const { session, link, checkIn } = server;
  const shared = { clock: systemClock, ticker: systemTicker, random, log };
  const held = createHeldInstruction();
  const health = createLinkHealth();
  const startedAtMs = systemClock.now();
  let nextCheckInAtMs: number | null = null;

  const runner = await buildRunner({
    loaded,
    hardwareType: provisioning.hardwareType,
    artifactKeys: provisioning.artifactKeys,
    // An update asks for the server while check-ins ask for the update's state: each knows the other by one call.
    server: createUpdateServer(
      server.downloads,
      { reach: (signal) => contact.reach(signal) },
      queue,
    ),
    log,
  });
  const inventory = inventoryOf(loaded, log);
  const deps = { checkIn, session, link, runner, queue, inventory, held, health, ...shared };
  const contact = createServerContact(deps);
  const sender = createReportSender({ queue, session, ...shared });
  const loop = createCheckInLoop({
    contact,
    held,
    bounds: loaded.config.checkIn,
    onPause: (delayMs) => {
      nextCheckInAtMs = systemClock.now() + delayMs;
    },
    onContact: () => sender.nudge(),
    ...shared,
  });
  const status = (): AgentStatus =>
    agentStatus({
      process: { pid: process.pid, startedAtMs },
      serverUrl: provisioning.server.url,
      keyFingerprint: server.key.fingerprint,
      link: link.read(),
      health: health.read(),
      isFresh: held.current(systemTicker.monotonicMs()) !== undefined,
      nextCheckInAtMs,
      nowMs: systemClock.now(),
      running: runner.running(),
      state: runner.state(),
      reportsWaiting: queue.length,
    });
  return { server, runner, loop, sender, status };
}

function inventoryOf({ config, folders }: LoadedConfig, log: Log): InventoryCache {
  const { intervalSeconds, timeoutSeconds } = config.inventory;
  const timeoutMs = timeoutSeconds * SECOND_MS;
  return createInventoryCache({
    collect: () => collectInventory({ scriptsDir: folders.inventoryDir, timeoutMs, log }),
    intervalMs: intervalSeconds * SECOND_MS,
    monotonicMs: () => systemTicker.monotonicMs(),
    log,
  });
}
