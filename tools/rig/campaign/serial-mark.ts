/** What a line on the serial line says, as far as the rig listens. */
export type SerialMark =
  | ({ readonly kind: "start" } & StartWords)
  /** Something that GRUB could not do. */
  | { readonly kind: "grub-trouble"; readonly line: string }
  | { readonly kind: "kernel-trouble"; readonly line: string }
  | {
      readonly kind: "system-started";
      readonly slot: string;
      readonly version: string;
      /** What Linux makes of the disk's cache. */
      readonly cache: string;
    }
  | { readonly kind: "repaired" | "lost"; readonly folder: string }
  | { readonly kind: "agent-started" }
  | { readonly kind: "agent-ended"; readonly exitCode: number }
  | { readonly kind: "restarting" }
  /** A line of the agent's log. */
  | {
      readonly kind: "agent";
      readonly event: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** What GRUB says that it starts, and why. */
export interface StartWords {
  readonly slot: string;
  readonly good: string;
  /** Empty when none is. */
  readonly trial: string;
  /** Starts of the trial that are left after this one. */
  readonly tries: number;
}

const START = /^moult: start slot=(\w+) good=(\w+) trial=(\w*) tries=(\d+)/;
const SYSTEM = /^@@ INIT slot=(\S*) version=(\S*) fua=\S* cache=(\S*)/;
const FOLDER = /^@@ (REPAIR|LOST) (\S+)/;
const ENDED = /^@@ AGENT exit=(\d+)/;
const KERNEL_TROUBLE =
  /Kernel panic|EXT4-fs error|I\/O error|Call Trace|@@ NOROOT|@@ NOMODULE|Out of memory/;

/** Undefined for a line that says nothing of the kind. */
export function parseSerialLine(line: string): SerialMark | undefined {
  const [, slot, good, trial, tries] = START.exec(line) ?? [];
  if (slot !== undefined && good !== undefined)
    return { kind: "start", slot, good, trial: trial ?? "", tries: Number(tries) };
  // Under UEFI GRUB says so on a machine without a screen, and goes on.
  if (line === "error: no suitable video mode found.") return undefined;
  if (line.startsWith("moult: ") || line.startsWith("error: "))
    return { kind: "grub-trouble", line };
  const [, booted, version, cache] = SYSTEM.exec(line) ?? [];
  if (booted !== undefined && version !== undefined && cache !== undefined)
    return { kind: "system-started", slot: booted, version, cache };
  const [, what, folder] = FOLDER.exec(line) ?? [];
  if (folder !== undefined) return { kind: what === "LOST" ? "lost" : "repaired", folder };
  const [, exitCode] = ENDED.exec(line) ?? [];
  if (exitCode !== undefined) return { kind: "agent-ended", exitCode: Number(exitCode) };
  if (line.startsWith("@@ AGENT start")) return { kind: "agent-started" };
  if (line.startsWith("@@ REBOOT")) return { kind: "restarting" };
  if (KERNEL_TROUBLE.test(line)) return { kind: "kernel-trouble", line };
  return agentMark(line);
}

function agentMark(line: string): SerialMark | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const fields = JSON.parse(line) as Record<string, unknown>;
    const { event } = fields;
    return typeof event === "string" ? { kind: "agent", event, fields } : undefined;
  } catch {
    // Half a line: power went, or the kernel wrote between.
    return undefined;
  }
}

/** The moments by which cuts are timed. */
export const MILESTONES = [
  "grub-started",
  "system-started",
  "agent-started",
  "downloading",
  "writing",
  "written",
  "armed",
  "restarting",
  "trial-started",
  "proving",
  "confirmed",
  "finished",
] as const;
export type Milestone = (typeof MILESTONES)[number];

/** The moment that a mark is; `isTrial`: the system that runs is on trial. */
export function milestoneOf(mark: SerialMark, isTrial: boolean): Milestone | undefined {
  switch (mark.kind) {
    case "start":
      return mark.slot === mark.trial ? "trial-started" : "grub-started";
    case "system-started":
      return "system-started";
    case "restarting":
      return "restarting";
    case "agent":
      return ofAgent(mark.event, mark.fields, isTrial);
    case "grub-trouble":
    case "kernel-trouble":
    case "repaired":
    case "lost":
    case "agent-started":
    case "agent-ended":
      return undefined;
  }
}

function ofAgent(
  event: string,
  fields: Readonly<Record<string, unknown>>,
  isTrial: boolean,
): Milestone | undefined {
  if (event === "daemon-started") return "agent-started";
  if (event === "slot-written") return "written";
  if (event === "update-finished") return "finished";
  if (event === "boot-choice") {
    if (fields["trial"] !== null) return Number(fields["triesLeft"]) > 0 ? "armed" : undefined;
    return isTrial ? "confirmed" : undefined;
  }
  // A change of the update's state is named after what happened: `downloaded`, from `downloading` to `unpacking`.
  if (fields["to"] === "downloading") return "downloading";
  if (fields["to"] === "unpacking") return "writing";
  return fields["to"] === "proving" ? "proving" : undefined;
}
