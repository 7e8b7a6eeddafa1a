import { assert } from "@moult/base";
import type { Edit } from "../../build/faulty-agent.ts";
import type { BootScripts } from "../machine/board.ts";
import type { RigInvariant } from "./rig-tally.ts";
import type { Milestone } from "./serial-mark.ts";

/** A planted bug: a rig that does not find it proves nothing. */
export interface RigControl {
  readonly says: string;
  /** What it must be found by: one of these. */
  readonly breaks: readonly RigInvariant[];
  /** The one moment at which it shows; else cuts come at all moments. */
  readonly cutAfter?: Milestone;
  /** The systems that are deployed, by their names; else all. */
  readonly systems?: readonly string[];
  /** The disk says that a flush is done and does nothing. */
  readonly ignoresFlush?: boolean;
  readonly agentEdits?: readonly Edit[];
  readonly plantInScripts?: (scripts: BootScripts) => BootScripts;
}

const BLOCK_DEVICE = "apps/agent/src/storage/block-device.ts";

export const RIG_CONTROLS = {
  "slot-not-synced": {
    says: "the agent arms a slot that it neither synced nor read back",
    breaks: ["boots-whole-system", "good-slot-whole", "device-comes-back", "no-kernel-trouble"],
    cutAfter: "armed",
    agentEdits: [
      // What is never closed is not written back by closing it either.
      [
        "let file = await openDevice(path, flags);",
        "const kept = ((globalThis as any).kept ??= new Map());" +
          "let file = (isExclusive ? kept.get(path) : undefined) ?? (await openDevice(path, flags));" +
          "if (isExclusive) kept.set(path, file);",
      ],
      ["sync: () => file.sync(),", "sync: async () => (isExclusive ? undefined : file.sync()),"],
      ["dropCache: async () => {", "dropCache: async () => { if (isExclusive) return;"],
      [
        "close: () => file.close(),",
        "close: async () => (isExclusive ? undefined : file.close()),",
      ],
    ].map(([find = "", replace = ""]) => ({ file: BLOCK_DEVICE, find, replace })),
  },
  "tries-not-counted": {
    says: "GRUB starts a trial without writing that a try is gone",
    breaks: ["trial-is-bounded"],
    systems: ["rig-1", "rig-5"],
    plantInScripts: (scripts) => ({
      ...scripts,
      "moult.cfg": replaceOnce(
        scripts["moult.cfg"] ?? "",
        "if save_env -f ($moult_env)/boot-env.$moult_copy moult_tries; then",
        "set moult_slot=$moult_next\n      if [ a = b ]; then",
      ),
    }),
  },
  "disk-that-lies": {
    says: "the disk says that it flushed what it then forgets",
    breaks: ["good-slot-whole", "boots-whole-system", "environment-readable", "identity-kept"],
    cutAfter: "confirmed",
    ignoresFlush: true,
  },
} as const satisfies Readonly<Record<string, RigControl>>;
export type RigControlName = keyof typeof RIG_CONTROLS;

/** A bug that is planted nowhere, because the code has changed, must not look like one that was not found. */
function replaceOnce(text: string, found: string, replacement: string): string {
  assert(text.split(found).length === 2, "the place where the bug is planted is there, and once");
  return text.replace(found, () => replacement);
}
