import { assert } from "@moult/base";
import type { Edit } from "../../build/faulty-agent.ts";
import type { BootScripts } from "../machine/board.ts";
import type { RigFinding, RigInvariant } from "./rig-tally.ts";
import type { Milestone } from "./serial-mark.ts";

/** A planted bug: a rig that does not find it proves nothing. */
export interface RigControl {
  readonly says: string;
  /** The boards whose scripts or agent hold the place of the bug; else all. */
  readonly boards?: readonly string[];
  /** What the disk writes whole or not at all; as the run says, unless said here. */
  readonly atomBytes?: number;
  /** What it must be found by: one of these. */
  readonly breaks: readonly RigInvariant[];
  /** The one moment at which it shows; else cuts come at all moments. */
  readonly cutAfter?: Milestone;
  /** Or cuts come while the spare slot is written. */
  readonly cutsWriting?: boolean;
  /** The systems that there are, by their names, the factory's first; else all. */
  readonly systems?: readonly string[];
  /** The disk says that a flush is done and does nothing. */
  readonly ignoresFlush?: boolean;
  /** The disk refuses what the bootloader writes. */
  readonly refusesBootloader?: boolean;
  readonly agentEdits?: readonly Edit[];
  readonly plantInScripts?: (scripts: BootScripts) => BootScripts;
}

/** Whether a finding is what a bug was planted for. What needs power cuts to show is not found before there was one. */
export const isFoundBy = (
  { breaks, cutAfter, cutsWriting }: RigControl,
  { invariant, cycle }: RigFinding,
): boolean =>
  breaks.includes(invariant) &&
  (cycle > 0 || (cutAfter === undefined && cutsWriting === undefined));

const SAVE_ENV = "if save_env -f ($moult_env)/boot-env.$moult_copy moult_tries; then";
const U_BOOT_WRITE = "if ${moult_if} write ${moult_at} ${moult_holds} 1; then";
const U_BOOT_CHECK = 'if test "${moult_valid}${moult_tries}" = "yes${moult_left}"; then';
/** Enough where any update shows the bug. */
const HEALTHY = ["rig-1", "rig-2", "rig-4"];
/** Those that choose by two copies on the disk, and start kernels out of the slots. */
const BY_COPIES = ["grub", "grub-uefi", "u-boot"];
const SYSTEM_SLOTS = "apps/agent/src/system-slots/system-slots.ts";
const SLOT_INSTALLER = "packages/agent-core/src/slot-installer.ts";
const BLOCK_DEVICE = "apps/agent/src/storage/block-device.ts";

export const RIG_CONTROLS = {
  "slot-not-synced": {
    says: "the agent arms a slot that it neither synced nor read back",
    systems: HEALTHY,
    breaks: ["boots-whole-system", "good-slot-whole", "device-comes-back", "no-kernel-trouble"],
    cutAfter: "armed",
    boards: BY_COPIES,
    agentEdits: neverSynced("isExclusive"),
  },
  "kernel-not-synced": {
    says: "the agent arms a slot whose kernel it neither synced nor read back from the medium",
    systems: HEALTHY,
    breaks: ["good-slot-whole", "device-comes-back", "no-kernel-trouble"],
    cutAfter: "armed",
    boards: ["systemd-boot"],
    agentEdits: neverSynced('(isExclusive && path === "/dev/vda1")'),
  },
  "kernel-not-placed": {
    says: "the agent arms a slot and leaves the kernel there that the slot had before",
    systems: HEALTHY,
    breaks: ["good-slot-whole"],
    boards: ["systemd-boot"],
    agentEdits: [
      {
        file: SYSTEM_SLOTS,
        find: "placeKernel(await open(config.environment), slot, kernel, log);",
        replace: "void [placeKernel, kernel];",
      },
    ],
  },
  "armed-before-written": {
    says: "the agent arms the slot before it writes it",
    systems: HEALTHY,
    breaks: ["boots-whole-system", "start-as-chosen", "no-kernel-trouble", "device-comes-back"],
    cutsWriting: true,
    boards: BY_COPIES,
    agentEdits: [
      {
        file: SLOT_INSTALLER,
        find: "await boot.disarm();\n      const device = await openSlot(spare, sizeBytes);",
        replace:
          "await boot.arm(spare, 2);\n      const device = await openSlot(spare, sizeBytes);",
      },
    ],
  },
  "running-slot-written": {
    says: "the agent writes the new system over the one that runs",
    systems: HEALTHY,
    breaks: ["running-slot-untouched"],
    agentEdits: [
      { file: SLOT_INSTALLER, find: "return otherSlot(booted);", replace: "return booted;" },
      { file: BLOCK_DEVICE, find: "isExclusive ? constants.O_EXCL : 0", replace: "0" },
    ],
  },
  "confirmed-without-health": {
    says: "the agent confirms a system without asking its health checks",
    breaks: ["good-slot-healthy"],
    systems: ["rig-1", "rig-3"],
    agentEdits: [
      {
        file: "apps/agent/src/system-slots/check-system-health.ts",
        find: "if (complaint === undefined)",
        replace: "if (complaint === undefined || round > 0)",
      },
    ],
  },
  "environment-by-rename": {
    says: "the agent writes the boot environment as a new file that takes the old one's name",
    breaks: ["start-as-chosen", "environment-readable", "environment-in-every-state"],
    boards: ["grub", "grub-uefi"],
    systems: ["rig-1", "rig-2"],
    agentEdits: [
      {
        file: "apps/agent/src/bootloaders/boot-copies.ts",
        find: "await device.write(offset, form.encode(saidBy(bytes)));",
        replace:
          'const { execSync } = await import("node:child_process"); const fs = await import("node:fs");' +
          'execSync("mount -t ext2 /dev/vda2 /mnt");' +
          'fs.writeFileSync("/mnt/new", Buffer.concat([Buffer.from(form.encode(saidBy(bytes))), Buffer.alloc(512, 35)]));' +
          'fs.renameSync("/mnt/new", "/mnt/" + name); execSync("umount /mnt"); void offset;',
      },
    ],
  },
  "tries-not-counted": {
    says: "the bootloader starts a trial without writing that a try is gone",
    breaks: ["trial-is-bounded"],
    boards: BY_COPIES,
    systems: ["rig-1", "rig-5"],
    plantInScripts: (scripts) =>
      "moult.cmd" in scripts
        ? inScript(scripts, "moult.cmd", [
            [U_BOOT_WRITE, "if true; then"],
            [U_BOOT_CHECK, "if true; then"],
          ])
        : inScript(scripts, "moult.cfg", [
            [SAVE_ENV, "set moult_slot=$moult_next\n      if [ a = b ]; then"],
          ]),
  },
  "save-env-unchecked": {
    says: "the bootloader starts a trial though its disk refused to write that a try is gone",
    breaks: ["trial-is-bounded"],
    boards: BY_COPIES,
    systems: ["rig-1", "rig-5"],
    refusesBootloader: true,
    plantInScripts: (scripts) =>
      "moult.cmd" in scripts
        ? inScript(scripts, "moult.cmd", [
            [U_BOOT_WRITE, `${U_BOOT_WRITE.slice("if ".length, -" then".length)} if true; then`],
            [U_BOOT_CHECK, "if true; then"],
          ])
        : inScript(scripts, "moult.cfg", [
            [
              SAVE_ENV,
              "save_env -f ($moult_env)/boot-env.$moult_copy moult_tries\n      set moult_slot=$moult_next\n      if [ a = b ]; then",
            ],
          ]),
  },
  "disk-that-lies": {
    says: "the disk says that it flushed what it then forgets",
    systems: HEALTHY,
    breaks: [
      "good-slot-whole",
      "boots-whole-system",
      "environment-readable",
      "identity-kept",
      "no-kernel-trouble",
    ],
    cutAfter: "confirmed",
    ignoresFlush: true,
  },
} as const satisfies Readonly<Record<string, RigControl>>;
export type RigControlName = keyof typeof RIG_CONTROLS;

/**
 * An agent to which a sync of some devices is nothing: they are never closed either, since that writes back what is pending.
 * `isMeant`: in the words of the place where the bug is planted.
 */
function neverSynced(isMeant: string): readonly Edit[] {
  return [
    [
      "let file = await openDevice(path, flags);",
      "const kept = ((globalThis as any).kept ??= new Map());" +
        `let file = (${isMeant} ? kept.get(path) : undefined) ?? (await openDevice(path, flags));` +
        `if (${isMeant}) kept.set(path, file);`,
    ],
    ["sync: () => file.sync(),", `sync: async () => (${isMeant} ? undefined : file.sync()),`],
    ["dropCache: async () => {", `dropCache: async () => { if (${isMeant}) return;`],
    ["close: () => file.close(),", `close: async () => (${isMeant} ? undefined : file.close()),`],
  ].map(([find = "", replace = ""]) => ({ file: BLOCK_DEVICE, find, replace }));
}

/** A bug that is planted nowhere, because the code has changed, must not look like one that was not found. */
function inScript(
  scripts: BootScripts,
  name: string,
  edits: readonly (readonly [found: string, replacement: string])[],
): BootScripts {
  let text = scripts[name] ?? "";
  for (const [found, replacement] of edits) {
    assert(text.split(found).length === 2, "the place where the bug is planted is there, and once");
    text = text.replace(found, () => replacement);
  }
  return { ...scripts, [name]: text };
}
