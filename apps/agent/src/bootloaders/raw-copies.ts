import {
  BOOT_COPY_NAMES,
  createFileBootControl,
  decodeBootCopy,
  encodeBootCopy,
  type BootControl,
} from "@moult/agent-core";
import { bootCopiesAsFiles, type BootCopyForm, type BootloaderDeps } from "./boot-copies.ts";
import { BootError } from "./boot-error.ts";
import { createUBootCopy } from "./u-boot-copy.ts";

/**
 * Where the copies are on a partition that holds nothing else. So far apart that no write of the page cache, and no block that
 * flash memory erases, holds both.
 */
export const RAW_COPY_OFFSETS = [0, 512 * 1_024] as const;

/** Boot control over two raw sectors in the words of U-Boot, and the script in boot-integration/u-boot. */
export const createUBootControl = (deps: BootloaderDeps): BootControl =>
  createRawBootControl(deps, createUBootCopy(deps.isRedundant));

/** Boot control over two raw sectors in Moult's own words, for a bootloader that somebody writes. */
export const createOwnBootControl = (deps: BootloaderDeps): BootControl =>
  createRawBootControl(deps, { encode: encodeBootCopy, decode: decodeBootCopy });

function createRawBootControl(
  { withDevice, booted, log }: BootloaderDeps,
  form: BootCopyForm,
): BootControl {
  const files = bootCopiesAsFiles({
    withDevice,
    offsetOf: (name, { sizeBytes }) => {
      if (sizeBytes < 2 * RAW_COPY_OFFSETS[1])
        return Promise.reject(
          new BootError("boot-environment-missing", {
            reason: `it has ${sizeBytes} bytes, and needs ${2 * RAW_COPY_OFFSETS[1]}`,
          }),
        );
      return Promise.resolve(RAW_COPY_OFFSETS[name === BOOT_COPY_NAMES[0] ? 0 : 1]);
    },
    form,
  });
  return createFileBootControl({ files, booted, log });
}
