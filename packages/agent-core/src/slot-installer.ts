import { AppError, hex, type Log } from "@moult/base";
import type { BootControl, Slot } from "./boot-control.ts";
import { digestOfSlot, fillSlot, type Hasher } from "./fill-slot.ts";
import type { SlotDevice } from "./slot-device.ts";

/** What is to go into a slot, from its first byte on. */
export interface SlotImage {
  readonly sizeBytes: number;
  /** Of all of it, as it was signed; lower-case hexadecimal. */
  readonly sha256: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** What a slot was filled with. */
export interface SlotContent extends Pick<SlotImage, "sizeBytes" | "sha256"> {
  readonly slot: Slot;
}

export class SlotError extends AppError<
  | "slot-too-small"
  /** The system that runs is itself on trial: the other slot is the only one that is known to be good. */
  | "slot-on-trial"
  /** The bytes that came, or that were read back, are not those that were to come. */
  | "slot-content-wrong"
  /** What was filled runs by now, or is the good slot. */
  | "slot-in-use"
  /** The slot that was armed is not the one that runs. */
  | "slot-not-booted"
> {}

/** Whether a restart was asked for that did not come yet. */
export interface RestartNote {
  isMade(): Promise<boolean>;
  /** Outlives the agent, and is gone with the restart itself: a file in `/run`, where the machine is what is restarted. */
  make(): Promise<void>;
}

export interface SlotInstallerDeps {
  readonly boot: BootControl;
  readonly restartNote: RestartNote;
  /** A slot's place, with room for this much. */
  readonly openSlot: (slot: Slot, sizeBytes: number) => Promise<SlotDevice>;
  readonly createHasher: () => Hasher;
  readonly log: Log;
}

/**
 * Brings a new system into the slot that does not run. Each step may be repeated after an interruption, and whatever
 * interrupts it, the slot that runs stays whole and stays the one that a start without trial chooses.
 */
export interface SlotInstaller {
  /**
   * Ends any trial, then fills the spare slot. Durable when it returns; what it is to hold is returned. The bytes are not
   * digested here: whoever hands them out may verify them, and `arm` holds what the medium has to the same digest.
   */
  write(image: SlotImage): Promise<SlotContent>;
  /** Reads the spare slot back from its medium and, only if it holds `content`, puts it on trial. */
  arm(content: SlotContent, tries: number): Promise<void>;
  /** Throws `slot-not-booted` unless `slot` is what runs. */
  verify(slot: Slot): Promise<void>;
  /** `slot`, which must be what runs, is the good one from now on. */
  confirm(slot: Slot): Promise<void>;
  /** Starts are from the other slot than `slot` again, whether `slot` was tried, confirmed or neither. */
  revert(slot: Slot): Promise<void>;
  /**
   * For a start, or an end, at which no update proves anything: ends a trial that nobody will confirm, because its update
   * was given up or its state was lost; and a commit that was cut off and not taken back, by which a start could go wrong. True when what runs is that trial: then the machine is to be restarted at once, and
   * nothing else may be asked before, because what runs looks like the slot that the bootloader fell back to.
   */
  endForgottenTrial(): Promise<boolean>;
}

export function createSlotInstaller(deps: SlotInstallerDeps): SlotInstaller {
  const { boot, restartNote, openSlot, createHasher, log } = deps;
  const verify = async (slot: Slot): Promise<void> => {
    const booted = await boot.booted();
    if (booted !== slot) throw new SlotError("slot-not-booted", { slot, booted });
  };
  return {
    write: async ({ content, sizeBytes, sha256 }) => {
      const spare = await spareSlot(boot, log);
      // A slot that is on trial while it is half written would be started by the next loss of power.
      await boot.disarm();
      const device = await openSlot(spare, sizeBytes);
      if (device.sizeBytes < sizeBytes)
        throw new SlotError("slot-too-small", { slot: spare, sizeBytes: device.sizeBytes });
      const { written, changed } = await fillSlot(device, content, sizeBytes);
      await device.sync();
      if (written !== sizeBytes) throw new SlotError("slot-content-wrong", { sizeBytes, written });
      log.info("slot-written", { slot: spare, bytes: written, changedBytes: changed });
      return { slot: spare, sizeBytes, sha256 };
    },
    arm: async ({ slot, sizeBytes, sha256 }, tries) => {
      const spare = await spareSlot(boot, log);
      if (spare !== slot) throw new SlotError("slot-in-use", { slot });
      const device = await openSlot(slot, sizeBytes);
      await device.dropCache();
      const found = hex(await digestOfSlot(device, sizeBytes, createHasher()));
      if (found !== sha256) throw new SlotError("slot-content-wrong", { slot, sha256, found });
      await boot.arm(slot, tries);
    },
    verify,
    confirm: async (slot) => {
      await verify(slot);
      await boot.confirm(slot);
    },
    revert: async (slot) => {
      const { good } = await boot.read();
      // The commit of `slot` was interrupted; nothing has touched the other slot since.
      if (good === slot) await boot.confirm(otherSlot(slot));
      await endTrial(boot, slot);
    },
    endForgottenTrial: async () => {
      const booted = await boot.booted();
      const { trial } = await boot.read();
      // An agent before this one, in the same run of the machine, may have ended between the mark's end and the restart.
      const isOwed = await restartNote.isMade();
      if (trial === null && !isOwed) {
        await settle(boot, log);
        return false;
      }
      log.warn("slot-trial-forgotten", { trial, booted });
      const isRunning = isOwed || trial === booted;
      if (isRunning) await restartNote.make();
      // Without a mark, so that a good slot that cannot be started any more does not mean restarts for ever.
      await boot.disarm();
      return isRunning;
    },
  };
}

/**
 * A commit that was cut off half-way and that nobody takes back holds by one of two copies: if a start misread it, the trial
 * before would hold again. That is one more copy for a rainy day, so trouble with it keeps no agent from its work.
 */
async function settle(boot: BootControl, log: Log): Promise<void> {
  try {
    await boot.settle();
  } catch (cause) {
    log.warn("boot-choice-not-settled", { error: cause });
  }
}

/**
 * No further start is from `slot`. While it is what runs it stays marked as on trial: without the mark it would look like
 * the slot that the bootloader fell back to, and the only good one would be overwritten.
 */
async function endTrial(boot: BootControl, slot: Slot): Promise<void> {
  if ((await boot.booted()) === slot) await boot.arm(slot, 0);
  else await boot.disarm();
}

export const otherSlot = (slot: Slot): Slot => (slot === "a" ? "b" : "a");

/** The slot that may be overwritten: never the one that runs, and never the only one that is known to be good. */
async function spareSlot(boot: BootControl, log: Log): Promise<Slot> {
  const booted = await boot.booted();
  const { good, trial } = await boot.read();
  if (good !== booted) {
    if (trial === booted) throw new SlotError("slot-on-trial", { booted, good });
    // The bootloader could not start the good slot and fell back to this one, which from now on is the good one.
    log.warn("slot-fallen-back-to", { booted, good });
    await boot.confirm(booted);
  }
  return otherSlot(booted);
}
