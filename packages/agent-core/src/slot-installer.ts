import { AppError, concatBytes, hex, type Log } from "@moult/base";
import type { BootControl, Slot } from "./boot-control.ts";
import type { SlotDevice } from "./slot-device.ts";

/** SHA-256 over bytes that come in parts. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** What a slot was filled with, from its first byte on. */
export interface SlotContent {
  readonly slot: Slot;
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
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
  /** Ends any trial, then fills the spare slot. Durable when it returns; what it holds is returned. */
  write(content: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<SlotContent>;
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

/**
 * What is compared, written and read back at once. Of what a slot holds already nothing is written: flash wears by writes,
 * and two releases of one system have most blocks in common.
 */
const BLOCK_BYTES = 64 * 1024;

export function createSlotInstaller(deps: SlotInstallerDeps): SlotInstaller {
  const { boot, restartNote, openSlot, createHasher, log } = deps;
  const verify = async (slot: Slot): Promise<void> => {
    const booted = await boot.booted();
    if (booted !== slot) throw new SlotError("slot-not-booted", { slot, booted });
  };
  return {
    write: async (content, sizeBytes) => {
      const spare = await spareSlot(boot, log);
      // A slot that is on trial while it is half written would be started by the next loss of power.
      await boot.disarm();
      const device = await openSlot(spare, sizeBytes);
      if (device.sizeBytes < sizeBytes)
        throw new SlotError("slot-too-small", { slot: spare, sizeBytes: device.sizeBytes });
      const hasher = createHasher();
      const { written, changed } = await fill(device, content, sizeBytes, hasher);
      await device.sync();
      if (written !== sizeBytes) throw new SlotError("slot-content-wrong", { sizeBytes, written });
      log.info("slot-written", { slot: spare, bytes: written, changedBytes: changed });
      return { slot: spare, sizeBytes, sha256: hex(hasher.digest()) };
    },
    arm: async ({ slot, sizeBytes, sha256 }, tries) => {
      const spare = await spareSlot(boot, log);
      if (spare !== slot) throw new SlotError("slot-in-use", { slot });
      const device = await openSlot(slot, sizeBytes);
      await device.dropCache();
      const found = await digestOf(device, sizeBytes, createHasher());
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

async function fill(
  device: SlotDevice,
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  hasher: Hasher,
): Promise<{ readonly written: number; readonly changed: number }> {
  let written = 0;
  let changed = 0;
  for await (const block of blocksOf(content)) {
    if (written + block.length > sizeBytes)
      throw new SlotError("slot-content-wrong", { sizeBytes, written: written + block.length });
    hasher.update(block);
    // A place that was being written when power went may not be readable until it is written again.
    const before = await device.read(written, block.length).catch(() => undefined);
    if (before === undefined || !isSame(before, block)) {
      await device.write(written, block);
      changed += block.length;
    }
    written += block.length;
  }
  return { written, changed };
}

/** Ends at the first difference: nothing is secret here, and to look at every byte takes longer than to write it. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1)
    if (left[index] !== right[index]) return false;
  return true;
}

async function* blocksOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    for (let start = 0; start < chunk.length;) {
      const part = chunk.subarray(start, start + BLOCK_BYTES - length);
      parts.push(part);
      length += part.length;
      start += part.length;
      if (length < BLOCK_BYTES) continue;
      yield concatBytes(parts);
      parts = [];
      length = 0;
    }
  }
  if (length > 0) yield concatBytes(parts);
}

async function digestOf(device: SlotDevice, sizeBytes: number, hasher: Hasher): Promise<string> {
  for (let offset = 0; offset < sizeBytes;) {
    const bytes = await device.read(offset, Math.min(BLOCK_BYTES, sizeBytes - offset));
    // A device that has become shorter does not hold the content.
    if (bytes.length === 0) break;
    hasher.update(bytes);
    offset += bytes.length;
  }
  return hex(hasher.digest());
}
