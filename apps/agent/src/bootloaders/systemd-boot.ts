import type { BootChoice, BootControl, Slot } from "@moult/agent-core";
import { assert, type Log } from "@moult/base";
import type { EfiVariables } from "../platform/efi-variables.ts";
import { BootError } from "./boot-error.ts";

// systemd-boot chooses by two variables of the firmware (systemd-boot(7), "EFI Variables"): `LoaderEntryOneShot`, which it deletes
// before it starts what that names, and otherwise `LoaderEntryDefault`. So a trial has one start, and no counter: power that
// goes during that start ends the trial as well. A variable of our own marks the slot on trial, which OneShot cannot do
// once it is used up: without the mark, a slot on trial would look like one that was chosen by hand.
//
//   LoaderEntryDefault   the good slot
//   MoultTrial           the slot on trial, written before OneShot and removed after everything else
//   LoaderEntryOneShot   its one start
//   LoaderEntrySelected  what was started; systemd-boot writes it at each start, and no flash keeps it

const LOADER = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
export const SYSTEMD_BOOT_VARIABLES = {
  good: `LoaderEntryDefault-${LOADER}`,
  start: `LoaderEntryOneShot-${LOADER}`,
  mark: "MoultTrial-8f0e5a4c-6d0b-4c5e-9f53-7f6d9a1b2c3e",
  selected: `LoaderEntrySelected-${LOADER}`,
} as const;

/** Starts of one trial. */
export const SYSTEMD_BOOT_TRIES = 1;

/** What systemd-boot calls the kernel of a slot: by its file in `EFI/Linux`. */
const entryOf = (slot: Slot): string => `moult-${slot}.efi`;

/** UTF-16, with a zero at its end. */
export const entryBytes = (slot: Slot): Uint8Array =>
  Uint8Array.from(Buffer.from(`${entryOf(slot)}\0`, "utf16le"));

export interface SystemdBootDeps {
  readonly variables: EfiVariables;
  readonly booted: () => Promise<Slot>;
  readonly log: Log;
}

export function createSystemdBootControl({ variables, booted, log }: SystemdBootDeps): BootControl {
  const { good, start, mark } = SYSTEMD_BOOT_VARIABLES;
  const slotIn = async (name: string): Promise<Slot | undefined> =>
    slotNamed(await variables.read(name));
  const read = async (): Promise<BootChoice> => {
    // Without the variable systemd-boot goes by its configuration, which says slot a.
    const goodSlot = (await slotIn(good)) ?? "a";
    const started = await slotIn(start);
    if (started !== undefined && started !== goodSlot)
      return { good: goodSlot, trial: started, triesLeft: SYSTEMD_BOOT_TRIES };
    const marked = await slotIn(mark);
    const trial = marked === undefined || marked === goodSlot ? null : marked;
    return { good: goodSlot, trial, triesLeft: 0 };
  };
  /** First the start: a mark without one starts nothing. */
  const endTrial = async (): Promise<void> => {
    await variables.remove(start);
    await variables.remove(mark);
  };
  const tell = async (): Promise<void> => log.info("boot-choice", { ...(await read()) });
  return {
    read,
    booted,
    arm: async (slot, tries) => {
      assert(slot !== (await read()).good, "the good slot needs no trial");
      await variables.write(mark, entryBytes(slot));
      if (tries > 0) await variables.write(start, entryBytes(slot));
      else await variables.remove(start);
      await tell();
    },
    confirm: async (slot) => {
      await variables.remove(start);
      await variables.write(good, entryBytes(slot));
      await variables.remove(mark);
      await tell();
    },
    disarm: async () => {
      const { trial } = await read();
      await endTrial();
      if (trial !== null) await tell();
    },
    settle: async () => {
      // A confirmation that was cut off after it began to hold.
      if ((await read()).trial === null) await endTrial();
    },
  };
}

function slotNamed(value: Uint8Array | undefined): Slot | undefined {
  const name = value === undefined ? "" : Buffer.from(value).toString("utf16le");
  const [text = ""] = name.split("\0");
  // systemd-boot compares without regard to case, as FAT does.
  if (text.toLowerCase() === entryOf("a")) return "a";
  return text.toLowerCase() === entryOf("b") ? "b" : undefined;
}

/** What systemd-boot started; throws `booted-slot-unknown`. */
export async function readSelectedSlot(variables: EfiVariables): Promise<Slot> {
  const slot = slotNamed(await variables.read(SYSTEMD_BOOT_VARIABLES.selected));
  if (slot === undefined)
    throw new BootError("booted-slot-unknown", { variable: SYSTEMD_BOOT_VARIABLES.selected });
  return slot;
}
