import { instant, type InstantMs } from "@moult/base";
import { Running, type Sha256 } from "@moult/model";
import { Hold, HoldPoint } from "@moult/model";
import { holdPointOf, updateId, type UpdateState } from "@moult/updater";
import * as z from "zod";
import { AGENT_VERSION } from "../agent-version.ts";
import { readClock } from "../clock/time-floor.ts";
import type { LinkRecord } from "../server-link/link-state.ts";
import type { LinkHealthReading } from "./link-health.ts";
import { updateOf } from "./obey.ts";
import type { TrustReport } from "./trust-report.ts";

const Instant = z.iso.datetime();

/** What `moult-agent status --json` prints; fields are added, never removed or given another meaning. */
export const AgentStatus = z.object({
  version: z.string(),
  /** Of the daemon; null when none runs and this was read from its files. */
  pid: z.int().nullable(),
  startedAt: Instant.nullable(),
  serverUrl: z.string().nullable(),
  device: z.object({
    id: z.string().nullable(),
    /** `unknown` until the server answered for the first time. */
    state: z.enum(["unknown", "pending", "accepted", "rejected", "decommissioned"]),
    /** SHA-256 of its public key, as operators see it when they accept a device. */
    keyFingerprint: z.string().nullable(),
  }),
  link: z.object({
    generation: z.int(),
    lastContactAt: Instant.nullable(),
    /** Whether the newest instruction may still be acted on without a fresh answer. */
    isFresh: z.boolean(),
    nextCheckInAt: Instant.nullable(),
    /** Why the last check-in did not end with an instruction, one sentence; null when it did. */
    trouble: z.string().nullable(),
    /** Answers that this device did not obey, since the daemon started. */
    refusals: z.int(),
    lastRefusal: z.string().nullable(),
  }),
  clock: z.enum(["ok", "behind"]),
  /** Null while the device is not provisioned. */
  trust: z
    .object({
      /** `ok`, `expired: ROLE` or `refused: RULE`, as the newest look at the signed metadata ended. */
      standing: z.string(),
      rootVersion: z.int(),
      securityCounter: z.int(),
      /** Why a copy of the security counter could not be written, one sentence each. */
      troubles: z.array(z.string()).readonly(),
    })
    .nullable(),
  running: Running,
  update: z.object({
    /** The updater's state; `idle` when there is nothing to do. */
    state: z.string(),
    id: z.string().nullable(),
    percent: z.int().nullable(),
    /** The step that it waits for, and why; null and empty when it waits for none. */
    waitsBefore: HoldPoint.nullable(),
    holds: z.array(Hold).readonly(),
  }),
  /** Messages that the server has not acknowledged yet. */
  reportsWaiting: z.int(),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** What a status is made of; the daemon has all of it, its files most. */
export interface StatusFacts {
  readonly process: { readonly pid: number; readonly startedAtMs: number } | null;
  readonly serverUrl: string | null;
  readonly keyFingerprint: Sha256 | null;
  readonly link: LinkRecord | null;
  readonly health: LinkHealthReading | null;
  readonly isFresh: boolean;
  readonly nextCheckInAtMs: number | null;
  readonly nowMs: InstantMs;
  readonly trust: TrustReport | null;
  readonly running: Running;
  readonly state: UpdateState | null;
  readonly reportsWaiting: number;
}

export function agentStatus(facts: StatusFacts): AgentStatus {
  const { process, link, health, state } = facts;
  const update = state === null ? undefined : updateOf(state);
  return {
    version: AGENT_VERSION,
    pid: process?.pid ?? null,
    startedAt: isoTime(process?.startedAtMs),
    serverUrl: facts.serverUrl,
    device: {
      id: link?.device?.id ?? null,
      state: link?.device?.state ?? "unknown",
      keyFingerprint: facts.keyFingerprint,
    },
    link: {
      generation: link?.generation ?? 0,
      lastContactAt: isoTime(health?.lastContactAtMs),
      isFresh: facts.isFresh,
      nextCheckInAt: isoTime(facts.nextCheckInAtMs),
      trouble: health?.trouble ?? null,
      refusals: health?.refusals ?? 0,
      lastRefusal: health?.lastRefusal ?? null,
    },
    clock: link === null ? "ok" : readClock(facts.nowMs, instant(link.timeFloorMs)),
    trust: facts.trust,
    running: facts.running,
    update: {
      state: state?.kind ?? "idle",
      id: update === undefined ? null : updateId(update),
      percent: state?.kind === "downloading" ? state.percent : null,
      waitsBefore: (state === null ? undefined : holdPointOf(state)) ?? null,
      holds: state !== null && "holds" in state ? state.holds : [],
    },
    reportsWaiting: facts.reportsWaiting,
  };
}

const isoTime = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();

/** The status as text for people. */
export function statusText(status: AgentStatus): string {
  const { device, link, update, trust } = status;
  const rows: readonly (readonly [label: string, value: string | null])[] = [
    [
      "Agent",
      status.pid === null
        ? `${status.version}, not running`
        : `${status.version}, process ${status.pid}`,
    ],
    ["Server", status.serverUrl ?? "none: this device is not provisioned"],
    ["Device", device.id === null ? device.state : `${device.id}, ${device.state}`],
    ["Key", device.keyFingerprint],
    ["Trust", trust === null ? null : trustText(trust)],
    [
      "Trust trouble",
      trust === null || trust.troubles.length === 0 ? null : trust.troubles.join("; "),
    ],
    ["Runs", status.running.artifactName],
    ["Update", updateText(update)],
    ...update.holds.map(
      ({ code, detail }) =>
        [
          "Waits",
          `before the ${STEPS[update.waitsBefore ?? "install"]}: ${detail} (${code})`,
        ] as const,
    ),
    ["Last contact", link.lastContactAt],
    ["Next check-in", link.nextCheckInAt],
    ["Trouble", link.trouble],
    [
      "Refused answers",
      link.refusals === 0 ? null : `${link.refusals}, last: ${link.lastRefusal ?? ""}`,
    ],
    [
      "Clock",
      status.clock === "ok" ? null : "behind the newest time this device knows to have passed",
    ],
    ["Reports waiting", status.reportsWaiting === 0 ? null : String(status.reportsWaiting)],
  ];
  const shown = rows.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join("\n");
}

function trustText({ standing, rootVersion, securityCounter }: TrustReport): string {
  const by = `root version ${rootVersion}, security counter ${securityCounter}`;
  return standing === "ok" ? by : `${standing}; nothing new is installed (${by})`;
}

const STEPS: Readonly<Record<HoldPoint, string>> = {
  download: "download",
  install: "installation",
  reboot: "reboot",
};

function updateText({ state, id, percent }: AgentStatus["update"]): string {
  if (id === null) return "none";
  return percent === null ? `${state} (${id})` : `${state}, ${percent} % (${id})`;
}
