import { assert, type Log } from "@moult/base";
import type { BootChoice, BootControl, Slot } from "./boot-control.ts";
import {
  BOOT_COPY_BYTES,
  TRIES_MAX,
  bootEnvironmentOf,
  bootWrite,
  decodeBootCopy,
  type BootCopies,
  type BootCopyIndex,
} from "./boot-environment.ts";
import type { Files } from "./files.ts";

/** Names of the two copies of a boot environment that is kept in files. */
export const BOOT_COPY_NAMES = ["boot-env.0", "boot-env.1"] as const;

export interface FileBootControlDeps {
  /** Where the two copies are. */
  readonly files: Files;
  readonly booted: () => Promise<Slot>;
  readonly log: Log;
}

/** Boot control over the two copies of `boot-environment.ts`. One at a time may write them. */
export function createFileBootControl({ files, booted, log }: FileBootControlDeps): BootControl {
  const readCopy = async (copy: BootCopyIndex): Promise<Uint8Array | undefined> => {
    try {
      return await files.read(BOOT_COPY_NAMES[copy]);
    } catch (cause) {
      // A sector whose write was interrupted may not be readable any more. The other copy is for that.
      log.error("boot-copy-unreadable", { copy, error: cause });
      return undefined;
    }
  };
  const readCopies = async (): Promise<BootCopies> => [await readCopy(0), await readCopy(1)];

  /** Both copies say the same in the end: one that is misread, or rots, must not bring back what held before. */
  const change = async (to: (now: BootChoice) => BootChoice): Promise<void> => {
    const wanted = to(bootEnvironmentOf(await readCopies())?.environment ?? LOST);
    for (let round = 1; round <= BOOT_COPY_NAMES.length; round += 1) {
      const copies = await readCopies();
      const now = bootEnvironmentOf(copies);
      // The bootloader cannot sync: before the other copy is touched, this one has to be there for certain.
      if (now !== undefined) {
        await files.sync(BOOT_COPY_NAMES[now.copy]);
        await files.syncNames();
      }
      // A copy that only seems to be gone may hold for the bootloader, so it is overwritten in any case.
      if (copies.every((copy) => says(copy, wanted))) return;
      const { copy, bytes } = bootWrite(copies, wanted);
      await overwrite(files, BOOT_COPY_NAMES[copy], copies[copy], bytes);
      if (round === 1) log.info("boot-choice", { ...wanted });
    }
  };

  return {
    read: async () => {
      const now = bootEnvironmentOf(await readCopies());
      if (now === undefined) return LOST;
      const { good, trial, triesLeft } = now.environment;
      return { good, trial, triesLeft };
    },
    booted,
    arm: (slot, tries) => {
      assert(tries >= 0 && tries <= TRIES_MAX, "a trial has few starts");
      return change(({ good }) => {
        assert(slot !== good, "the good slot needs no trial");
        return { good, trial: slot, triesLeft: tries };
      });
    },
    confirm: (slot) => change(() => ({ good: slot, trial: null, triesLeft: 0 })),
    disarm: () => change(({ good }) => ({ good, trial: null, triesLeft: 0 })),
    settle: async () => {
      if (bootEnvironmentOf(await readCopies()) !== undefined) await change((now) => now);
    },
  };
}

/** What a bootloader goes by when neither copy is valid. */
const LOST: BootChoice = { good: "a", trial: null, triesLeft: 0 };

/** Whether a copy is valid and says `choice`. */
function says(bytes: Uint8Array | undefined, choice: BootChoice): boolean {
  const copy = bytes === undefined ? undefined : decodeBootCopy(bytes);
  return (
    copy?.good === choice.good && copy.trial === choice.trial && copy.triesLeft === choice.triesLeft
  );
}

async function overwrite(
  files: Files,
  name: string,
  before: Uint8Array | undefined,
  bytes: Uint8Array,
): Promise<void> {
  if (before?.length === BOOT_COPY_BYTES) {
    await files.writeInPlace(name, 0, bytes);
    await files.sync(name);
    return;
  }
  await files.write(name, bytes);
  await files.sync(name);
  await files.syncNames();
}
