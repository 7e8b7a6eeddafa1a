import {
  bootEnvironmentOf,
  BOOT_COPY_NAMES,
  otherSlot,
  type BootChoice,
  type Slot,
} from "@moult/agent-core";
import type { Machine } from "./machine.ts";
import type { Images, Release } from "./release.ts";
import type { PayloadKind } from "./scenario.ts";

/** What the checks may look at that no device could. */
export interface Truth {
  /** What runs, payload by payload; null for what is no whole release. */
  runs(): readonly (number | null)[];
  /** What would run after a restart now, if nothing came between. */
  chosen(): readonly (number | null)[];
  bootedSlot(): Slot | null;
  /** As it certainly is on the medium; null when neither copy parses. */
  bootChoice(): BootChoice | null;
  releaseNamed(name: string): Release | undefined;
}

export function createTruth(
  machine: () => Machine,
  payloads: readonly PayloadKind[],
  releases: readonly Release[],
  images: Images,
): Truth {
  const bootChoice = createBootChoice(machine);
  const releaseIn = (slot: Slot): number | null => {
    const { raw } = machine().slots[slot];
    return raw === null ? null : images.whoseIs(raw);
  };
  const chosenSystem = (): number | null => {
    const choice = bootChoice();
    if (choice === null) return null;
    const isTrial = choice.trial !== null && choice.triesLeft > 0;
    const slot = isTrial ? choice.trial : choice.good;
    // What cannot be loaded is passed over.
    return releaseIn(slot) ?? releaseIn(otherSlot(slot));
  };
  return {
    runs: () => machine().runs(),
    chosen: () =>
      payloads.map((kind, index) =>
        kind === "slot" ? chosenSystem() : machine().chosenProgram(index),
      ),
    bootedSlot: () => machine().booted.slot,
    bootChoice,
    releaseNamed: (name) => releases.find((release) => release.name === name),
  };
}

/** Asked for much more often than it changes; contents are never changed where they are. */
function createBootChoice(machine: () => Machine): () => BootChoice | null {
  let known:
    | { readonly copies: readonly (Uint8Array | null)[]; readonly choice: BootChoice | null }
    | undefined;
  return () => {
    const { boot } = machine();
    const [zero, one] = BOOT_COPY_NAMES;
    const [first, second] = [boot.readDurable(zero), boot.readDurable(one)];
    if (known?.copies[0] === first && known.copies[1] === second) return known.choice;
    const found = bootEnvironmentOf([first ?? undefined, second ?? undefined]);
    known = { copies: [first, second], choice: found?.environment ?? null };
    return known.choice;
  };
}
