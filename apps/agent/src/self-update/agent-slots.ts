import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  createFileBootControl,
  createSlotInstaller,
  posixCksum,
  type BootControl,
  type RestartNote,
  type Slot,
  type SlotInstaller,
} from "@moult/agent-core";
import type { Log } from "@moult/base";
import { makeFolder, removeFile, syncFolder, writeFileDurably } from "../storage/durable-file.ts";
import { openFiles } from "../storage/node-files.ts";
import { dropPageCache } from "../storage/page-cache.ts";
import type { LaunchedAgent } from "./launched-agent.ts";
import { openSlotFile } from "./slot-file.ts";

/** The slots that the launcher starts the agent from. */
export interface AgentSlots {
  readonly boot: BootControl;
  readonly installer: SlotInstaller;
  /**
   * Makes what runs the content of a good slot, when it runs from the factory's file: only a slot is chosen from by the
   * launcher, and a new agent needs an old one beside it.
   */
  prepare(): Promise<void>;
  /** Tells the launcher what each slot holds now. Until then it does not start what is in a slot that was filled. */
  note(): Promise<void>;
}

/** Whatever ends this process is the restart: the launcher chooses anew. */
const ENDS_WITH_THE_AGENT: RestartNote = {
  isMade: () => Promise.resolve(false),
  make: () => Promise.resolve(),
};

export interface AgentSlotsDeps {
  readonly launched: LaunchedAgent;
  /** How long the launcher lets a new agent take to confirm itself. */
  readonly trialSeconds: number;
  /** Whether other agents share this machine, and its page cache. */
  readonly isMachineShared: boolean;
  readonly log: Log;
}

export function createAgentSlots(deps: AgentSlotsDeps): AgentSlots {
  const { launched, log } = deps;
  const { dir, factory } = launched;
  const fileOf = (slot: Slot): string => join(dir, `agent-${slot}.mjs`);
  // What runs from the factory's file runs from slot a as soon as `prepare` has put the same bytes there.
  const running: Slot = launched.slot === "factory" ? "a" : launched.slot;
  const boot = createFileBootControl({
    files: openFiles(dir),
    booted: () => Promise.resolve(running),
    log,
  });
  const dropCache = (): Promise<void> =>
    deps.isMachineShared ? Promise.resolve() : dropPageCache(log);
  const manifest = join(dir, "slots");

  const note = async (): Promise<void> => {
    const sums = [
      `factory=${await sumOf(factory)}`,
      `a=${await sumOf(fileOf("a"))}`,
      `b=${await sumOf(fileOf("b"))}`,
      `trial-seconds=${deps.trialSeconds}`,
    ];
    await writeFileDurably(manifest, `${sums.join("\n")}\n`);
  };

  return {
    boot,
    installer: createSlotInstaller({
      boot,
      restartNote: ENDS_WITH_THE_AGENT,
      openSlot: (slot, sizeBytes) => openSlotFile(fileOf(slot), sizeBytes, dropCache),
      createHasher: () => createHash("sha256"),
      log,
    }),
    prepare: async () => {
      if (launched.slot !== "factory") return;
      await makeFolder(dir);
      await syncFolder(dirname(dir));
      // Without it the launcher starts the factory's agent, whatever the slots and the boot environment hold meanwhile.
      await removeFile(manifest);
      await writeFileDurably(fileOf("a"), await readFile(factory));
      await boot.confirm("a");
      await note();
    },
    note,
  };
}

/** As `cksum <FILE` prints it; nothing for what is not there. */
async function sumOf(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    return `${posixCksum(bytes)} ${bytes.length}`;
  } catch {
    return "";
  }
}
