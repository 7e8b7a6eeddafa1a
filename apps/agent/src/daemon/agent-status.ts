import { Running } from "@moult/model";
import * as z from "zod";

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
  running: Running,
  update: z.object({
    /** The updater's state; `idle` when there is nothing to do. */
    state: z.string(),
    id: z.string().nullable(),
    percent: z.int().nullable(),
  }),
  /** Messages that the server has not acknowledged yet. */
  reportsWaiting: z.int(),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** The status as text for people. */
export function statusText(status: AgentStatus): string {
  const { device, link, update } = status;
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
    ["Runs", status.running.artifactName],
    ["Update", updateText(update)],
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

function updateText({ state, id, percent }: AgentStatus["update"]): string {
  if (id === null) return "none";
  return percent === null ? `${state} (${id})` : `${state}, ${percent} % (${id})`;
}
