import {
  BOOT_COPY_NAMES,
  bootEnvironmentOf,
  decodeBootCopy,
  encodeBootCopy,
  otherSlot,
  type BootCopies,
} from "@moult/agent-core";
import { shippedFirmware, type BootPlan, type Firmware } from "./firmware.ts";

/**
 * The choice as GRUB's script makes it (boot-integration/grub): GRUB can compute no check and no new copy, so it lowers the tries
 * in place, in the copy that holds; and it never writes the only valid copy.
 */
export const grubFirmware: Firmware = {
  ...shippedFirmware,
  plan: (read) => {
    const [first, second] = BOOT_COPY_NAMES;
    const copies: BootCopies = [read(first) ?? undefined, read(second) ?? undefined];
    const now = bootEnvironmentOf(copies);
    if (now === undefined) return startOfGood("a", false, "slot a, by guessing");
    const { generation, good, trial, triesLeft } = now.environment;
    const hasBoth = copies.every(
      (copy) => copy !== undefined && decodeBootCopy(copy) !== undefined,
    );
    if (trial === null || triesLeft === 0 || !hasBoth)
      return startOfGood(good, true, `slot ${good}, which is good`);
    const bytes = encodeBootCopy({ generation, good, trial, triesLeft: triesLeft - 1 });
    return {
      isCertain: true,
      order: [trial, good],
      isTrial: true,
      write: { name: BOOT_COPY_NAMES[now.copy], bytes },
      says: `slot ${trial}, good is ${good}`,
    };
  },
};

const startOfGood = (good: "a" | "b", isCertain: boolean, says: string): BootPlan => ({
  isCertain,
  order: [good, otherSlot(good)],
  isTrial: false,
  write: null,
  says,
});
