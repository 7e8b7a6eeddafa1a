import type { Files, SlotDevice } from "@moult/agent-core";
import type { Life } from "./life.ts";
import type { SimulatedFolder } from "./simulated-folder.ts";
import type { SimulatedSlot } from "./simulated-slot.ts";

/** What a sync reaches besides what it was asked for: the disk's own cache, which is one for all of it. */
export interface SyncTerms {
  /** The disk says it synced and did not. */
  readonly isLie: () => boolean;
  readonly flush: () => void;
}

const PAGE_BYTES = 4_096;

/** A folder as a run of the agent has it. */
export function filesOf(life: Life, folder: SimulatedFolder, name: string, sync: SyncTerms): Files {
  return {
    read: (file) => life.look(() => folder.read(file)),
    write: (file, bytes) => life.change(`write ${name}/${file}`, () => folder.write(file, bytes)),
    writeInPlace: (file, offset, bytes) =>
      life.change(`overwrite ${name}/${file}`, () => folder.overwrite(file, offset, bytes)),
    sync: (file) =>
      life.change(`sync ${name}/${file}`, () => {
        if (sync.isLie()) return;
        folder.sync(file);
        sync.flush();
      }),
    rename: (from, to) =>
      life.change(`rename ${name}/${from} ${to}`, () => folder.rename(from, to)),
    link: (from, to) => life.change(`link ${name}/${from} ${to}`, () => folder.link(from, to)),
    remove: (file) => life.change(`remove ${name}/${file}`, () => folder.remove(file)),
    list: () => life.look(() => folder.list()),
    syncNames: () =>
      life.change(`sync names of ${name}`, () => {
        if (sync.isLie()) return;
        folder.syncNames();
        sync.flush();
      }),
  };
}

/** A slot as a run of the agent has it. `onWrite` sees each write before it happens. */
export function slotDeviceOf(
  life: Life,
  slot: SimulatedSlot,
  name: string,
  sync: SyncTerms,
  onWrite: () => void,
): SlotDevice {
  return {
    sizeBytes: slot.sizeBytes,
    read: (offset, lengthBytes) => life.look(() => slot.read(offset, lengthBytes)),
    write: async (offset, bytes) => {
      // The system writes page by page, and power may go between any two.
      for (let start = 0; start < bytes.length; start += PAGE_BYTES) {
        const page = bytes.subarray(start, start + PAGE_BYTES);
        await life.change(`write slot ${name} at ${offset + start}`, () => {
          onWrite();
          slot.write(offset + start, page);
        });
      }
    },
    sync: () =>
      life.change(`sync slot ${name}`, () => {
        if (sync.isLie()) return;
        slot.sync();
        sync.flush();
      }),
    dropCache: () => life.look(() => slot.dropCache()),
  };
}
