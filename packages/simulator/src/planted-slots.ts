import {
  createSlotInstaller,
  otherSlot,
  type BootControl,
  type SlotDevice,
  type SlotInstaller,
} from "@moult/agent-core";
import type { PlantedBug } from "./planted-bugs.ts";
import { SHIPPED, type Shipped } from "./shipped.ts";

const nothing = (): Promise<void> => Promise.resolve();

/** Bugs in how a slot is filled, armed and left. */
export const PLANTED_IN_SLOTS: readonly PlantedBug[] = [
  {
    name: "the slot is not synced before it is armed",
    seed: 57,
    expected: ["a-whole-system-starts", "lost-data-bricks-nothing"],
    shipped: slots({}, (device) => ({ ...device, sync: nothing, dropCache: nothing })),
  },
  {
    name: "the slot is read back from the cache",
    seed: 48,
    expected: ["a-whole-system-starts", "lost-data-bricks-nothing"],
    shipped: slots({}, (device) => ({ ...device, dropCache: nothing })),
  },
  {
    name: "armed before it is verified",
    seed: 415,
    expected: ["a-whole-system-starts", "lost-data-bricks-nothing"],
    shipped: slots({
      arm: (boot, installer) => async (content, tries) => {
        await boot.arm(content.slot, tries);
        await installer.arm(content, tries);
      },
    }),
  },
  {
    name: "armed without being verified",
    seed: 57,
    expected: ["a-whole-system-starts", "lost-data-bricks-nothing"],
    shipped: slots({
      arm:
        (boot) =>
        ({ slot }, tries) =>
          boot.arm(slot, tries),
    }),
  },
  {
    name: "a place of the slot that cannot be read is never written again",
    seed: 611,
    expected: ["a-device-stays-updatable"],
    shipped: slots({}, (device) => {
      let trouble: Error | undefined;
      return {
        ...device,
        read: async (offset, lengthBytes) => {
          try {
            return await device.read(offset, lengthBytes);
          } catch (cause) {
            trouble = new Error("a place cannot be read", { cause });
            throw trouble;
          }
        },
        write: async (offset, bytes) => {
          if (trouble !== undefined) throw trouble;
          await device.write(offset, bytes);
        },
      };
    }),
  },
  {
    name: "a rollback disarms and does not take back a commit",
    seed: 198,
    expected: ["outcomes-are-true", "nothing-unproven-is-confirmed"],
    shipped: slots({ revert: (boot) => () => boot.disarm() }),
  },
  {
    name: "installed into the running slot",
    seed: 0,
    expected: ["the-only-way-back-is-kept"],
    shipped: {
      ...SHIPPED,
      createSlotInstaller: (deps) =>
        createSlotInstaller({
          ...deps,
          boot: { ...deps.boot, booted: async () => otherSlot(await deps.boot.booted()) },
        }),
    },
  },
  {
    name: "an armed slot is not disarmed before it is written",
    seed: 6,
    expected: ["the-only-way-back-is-kept", "a-whole-system-starts", "lost-data-bricks-nothing"],
    shipped: slots(
      { revert: () => nothing, endForgottenTrial: () => () => Promise.resolve(false) },
      undefined,
      {
        disarm: nothing,
      },
    ),
  },
  {
    name: "a rollback leaves the bootloader as it is",
    seed: 2,
    expected: ["outcomes-are-true", "every-run-settles", "a-device-stays-updatable"],
    shipped: slots({ revert: () => nothing }),
  },
  {
    name: "a trial that nobody remembers is left alone",
    seed: 26,
    expected: ["a-device-stays-updatable", "outcomes-are-true"],
    shipped: slots({ endForgottenTrial: () => () => Promise.resolve(false) }),
  },
  {
    name: "a restart that is owed is forgotten when the agent ends",
    seed: 21336,
    expected: ["nothing-unproven-is-confirmed"],
    shipped: {
      ...SHIPPED,
      createSlotInstaller: (deps) =>
        createSlotInstaller({
          ...deps,
          restartNote: { isMade: () => Promise.resolve(false), make: nothing },
        }),
    },
  },
  {
    name: "confirmed whatever runs",
    seed: 5,
    expected: ["outcomes-are-true", "nothing-unproven-is-confirmed", "a-whole-system-starts"],
    shipped: slots({ confirm: (boot) => (slot) => boot.confirm(slot), verify: () => nothing }),
  },
];

type Wrong = {
  readonly [Step in keyof SlotInstaller]?: (
    boot: BootControl,
    installer: SlotInstaller,
  ) => SlotInstaller[Step];
};

/** A slot installer some of whose steps go wrong, over a device or a bootloader of which some calls do. */
export function slots(
  wrong: Wrong,
  device: (device: SlotDevice) => SlotDevice = (right) => right,
  boot: Partial<BootControl> = {},
): Shipped {
  return {
    ...SHIPPED,
    createSlotInstaller: (deps) => {
      const wrongBoot = { ...deps.boot, ...boot };
      const installer = createSlotInstaller({
        ...deps,
        boot: wrongBoot,
        openSlot: async (slot, sizeBytes) => device(await deps.openSlot(slot, sizeBytes)),
      });
      const steps = Object.entries(wrong).map(([step, make]) => [step, make(wrongBoot, installer)]);
      return { ...installer, ...Object.fromEntries(steps) };
    },
  };
}
