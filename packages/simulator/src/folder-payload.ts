import { textFromUtf8, utf8 } from "@moult/base";
import { writeDurably, type Files } from "@moult/agent-core";
import type { RebootNeed } from "@moult/updater";
import { StepError, type PayloadInstaller } from "./payload-installer.ts";

// release.<n>   what was installed
// current       the number of the one that starts
// previous      the one before, while an update is not decided

/** A program, or what an update module has in its hands: installed as a file, chosen by another. */
export interface FolderPayload {
  /** What runs now; it starts with `start` and changes with activation. */
  running: number;
}

/** What a start of the machine, or of the agent for its own programs, finds chosen. */
async function chosenRelease(files: Files): Promise<number> {
  return (await numberIn(files, "current")) ?? 0;
}

export interface FolderPayloadDeps {
  readonly files: Files;
  readonly payload: FolderPayload;
  readonly reboot: RebootNeed;
  readonly supportsRollback: boolean;
}

export function createFolderInstaller(deps: FolderPayloadDeps): PayloadInstaller {
  const { files, payload, reboot, supportsRollback } = deps;
  const start = async (): Promise<void> => {
    payload.running = await chosenRelease(files);
  };
  return {
    supportsRollback,
    unpack: async (release) => {
      // Of an attempt that was given up long ago.
      await files.remove("previous");
      await files.syncNames();
      await writeNumber(files, `release.${release}`, release);
    },
    install: async (release) => {
      await writeNumber(files, "previous", await chosenRelease(files));
      // What reboots by itself is not activated: what it comes up with is chosen here.
      if (reboot !== "none") await writeNumber(files, "current", release);
    },
    neededReboot: async () => reboot,
    activate: async (release) => {
      await writeNumber(files, "current", release);
      await start();
    },
    reboot: start,
    verify: async (release) => {
      if (payload.running !== release) throw new StepError(`release ${payload.running} runs`);
    },
    // The way back stays until nothing can ask for it any more: a cut after the commit and before it is known rolls back.
    commit: async () => undefined,
    rollBack: async () => {
      const previous = await numberIn(files, "previous");
      if (previous !== undefined) await writeNumber(files, "current", previous);
      if (reboot === "none") await start();
    },
    verifyRollback: async () => {
      const previous = await numberIn(files, "previous");
      if (previous !== undefined && payload.running !== previous)
        throw new StepError(`release ${payload.running} runs`);
    },
    endForgottenTrial: () => Promise.resolve(false),
    cleanUp: async () => {
      const current = await chosenRelease(files);
      await files.remove("previous");
      for (const name of await files.list())
        if (name.startsWith("release.") && name !== `release.${current}`) await files.remove(name);
      await files.syncNames();
    },
  };
}

async function numberIn(files: Files, name: string): Promise<number | undefined> {
  const bytes = await files.read(name);
  const text = bytes === undefined ? undefined : textFromUtf8(bytes);
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

const writeNumber = (files: Files, name: string, value: number): Promise<void> =>
  writeDurably(files, name, utf8(String(value)));
