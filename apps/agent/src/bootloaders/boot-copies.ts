import {
  decodeBootCopy,
  encodeBootCopy,
  type BootEnvironment,
  type Files,
  type Slot,
  type SlotDevice,
} from "@moult/agent-core";
import { assert, equalBytes, type Log } from "@moult/base";

// What keeps a boot choice through power cuts (the order of writes, two copies, syncs before the other copy is touched) is the
// file-backed boot control of agent-core, which was simulated. A bootloader only has other words for the same sector: here the
// words are translated, and no write is added or left out.

/** How a bootloader writes one copy of the boot environment. */
export interface BootCopyForm {
  /** One sector; a change of it is one write. */
  encode(environment: BootEnvironment): Uint8Array;
  /** Undefined for what is damaged, or was never written. */
  decode(bytes: Uint8Array): BootEnvironment | undefined;
  /** What follows the sector and says nothing, where the bootloader writes no copy that is followed by anything else. */
  readonly behind?: Uint8Array;
}

/** A sector is what a medium writes whole or not at all. */
export const SECTOR_BYTES = 512;

export interface BootCopiesDeps {
  /** Opens the place of the copies for as long as `use` takes; nothing else of it is kept in between. */
  readonly withDevice: <Result>(use: (device: SlotDevice) => Promise<Result>) => Promise<Result>;
  /** Where each copy is, by its name in agent-core. */
  readonly offsetOf: (name: string, device: SlotDevice) => Promise<number>;
  readonly form: BootCopyForm;
}

/** What a bootloader's boot control is made of. */
export interface BootloaderDeps extends Pick<BootCopiesDeps, "withDevice"> {
  readonly booted: () => Promise<Slot>;
  /** How U-Boot was built, for when no copy tells it. */
  readonly isRedundant?: boolean | undefined;
  readonly log: Log;
}

/** What no valid copy is, so that it will be overwritten in place. */
const INVALID = new Uint8Array(SECTOR_BYTES);

/** The two copies as the files that agent-core's boot control reads and writes. They are never created, renamed or removed. */
export function bootCopiesAsFiles({ withDevice, offsetOf, form }: BootCopiesDeps): Files {
  let isFlushed = false;

  /** A bootloader writes without a flush. Before anything is built on what it wrote, that has to be on the medium. */
  const flushOnce = async (device: SlotDevice): Promise<void> => {
    if (isFlushed) return;
    await device.sync();
    isFlushed = true;
  };

  const write = (name: string, bytes: Uint8Array): Promise<void> =>
    withDevice(async (device) => {
      const offset = await offsetOf(name, device);
      if (form.behind !== undefined) await mend(device, offset + SECTOR_BYTES, form.behind);
      await device.write(offset, form.encode(saidBy(bytes)));
      // While it is open: an error of writing it back is told to whoever wrote.
      await device.sync();
    });
  const sync = (): Promise<void> => withDevice((device) => device.sync());
  return {
    read: (name) =>
      withDevice(async (device) => {
        await flushOnce(device);
        const sector = await device.read(await offsetOf(name, device), SECTOR_BYTES);
        const environment = sector.length === SECTOR_BYTES ? form.decode(sector) : undefined;
        return environment === undefined ? INVALID : encodeBootCopy(environment);
      }),
    write,
    writeInPlace: (name, _, bytes) => write(name, bytes),
    sync,
    syncNames: () => Promise.resolve(),
    rename: refuse,
    link: refuse,
    remove: refuse,
    list: refuse,
  };
}

/** Damage there would not be seen by reading the copy, and would end all trials. A place that cannot be read is written, too. */
async function mend(device: SlotDevice, offset: number, wanted: Uint8Array): Promise<void> {
  const found = await device.read(offset, wanted.length).catch(() => undefined);
  if (found === undefined || !equalBytes(found, wanted)) await device.write(offset, wanted);
}

function saidBy(bytes: Uint8Array): BootEnvironment {
  const environment = decodeBootCopy(bytes);
  assert(environment !== undefined, "what is to be written is a whole copy");
  return environment;
}

const refuse = (): never => {
  throw new Error("copies of a boot environment stay where they are");
};

/** Values of one copy as a bootloader keeps them, all texts. */
export interface BootValues {
  readonly generation: number;
  readonly good: string | undefined;
  readonly trial: string | undefined;
  readonly tries: string | undefined;
}

/** Undefined for what no agent and no bootloader of ours writes. */
export function bootEnvironmentFrom(values: BootValues): BootEnvironment | undefined {
  const { generation, good, trial, tries } = values;
  if (!Number.isSafeInteger(generation) || generation < 1 || generation > GENERATION_MAX)
    return undefined;
  if (!isSlot(good) || tries === undefined || !/^[0-9]$/.test(tries)) return undefined;
  const triesLeft = Number(tries);
  if (trial === "" && triesLeft === 0) return { generation, good, trial: null, triesLeft };
  if (!isSlot(trial) || trial === good) return undefined;
  return { generation, good, trial, triesLeft };
}

/** What a bootloader with numbers of 32 bits, one of them for the sign, can still compare. */
const GENERATION_MAX = 2 ** 31 - 1;

export const isSlot = (text: string | undefined): text is Slot => text === "a" || text === "b";
