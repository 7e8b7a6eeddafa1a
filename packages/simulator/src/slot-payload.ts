import { textFromUtf8, utf8 } from "@moult/base";
import {
  otherSlot,
  writeDurably,
  type Files,
  type SlotContent,
  type SlotInstaller,
} from "@moult/agent-core";
import { BLOCK_BYTES } from "./release.ts";
import { StepError, type PayloadInstaller } from "./payload-installer.ts";

/** Which slot an update is in, and what it holds; kept until the update is over. */
const JOB = "slot-job";
/** Starts of one trial: one may be lost to a cut of power that is not the new system's fault. */
const TRIAL_TRIES = 2;

export interface SlotPayloadDeps {
  readonly slots: SlotInstaller;
  readonly files: Files;
  readonly imageOf: (release: number) => Uint8Array;
  readonly digestOf: (release: number) => string;
  /** Between two parts of a download. */
  readonly pause: () => Promise<void>;
}

/** A whole system, by the shipped slot installer. */
export function createSlotPayload(deps: SlotPayloadDeps): PayloadInstaller {
  const { slots, files, imageOf, digestOf, pause } = deps;
  return {
    supportsRollback: true,
    unpack: async (release) => {
      await forget(files);
      const image = imageOf(release);
      const content = await slots.write({
        content: partsOf(image, pause),
        sizeBytes: image.length,
        sha256: digestOf(release),
      });
      // Known before it is armed: who rolls back has to know what to take back.
      await writeDurably(files, JOB, utf8(JSON.stringify(content)));
    },
    install: async () => slots.arm(await remembered(files), TRIAL_TRIES),
    neededReboot: () => Promise.resolve("system"),
    activate: () => Promise.resolve(),
    reboot: () => Promise.resolve(),
    verify: async () => slots.verify((await remembered(files)).slot),
    commit: async () => slots.confirm((await remembered(files)).slot),
    rollBack: async () => {
      const content = await contentIn(files);
      if (content !== undefined) await slots.revert(content.slot);
    },
    verifyRollback: async () => {
      const content = await contentIn(files);
      if (content !== undefined) await slots.verify(otherSlot(content.slot));
    },
    cleanUp: () => forget(files),
    endForgottenTrial: () => slots.endForgottenTrial(),
  };
}

async function* partsOf(image: Uint8Array, pause: () => Promise<void>): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < image.length; start += BLOCK_BYTES) {
    await pause();
    yield image.subarray(start, start + BLOCK_BYTES);
  }
}

async function forget(files: Files): Promise<void> {
  await files.remove(JOB);
  await files.syncNames();
}

async function contentIn(files: Files): Promise<SlotContent | undefined> {
  const bytes = await files.read(JOB);
  // Written above alone, and whole or not at all.
  return bytes === undefined ? undefined : (JSON.parse(textFromUtf8(bytes) ?? "") as SlotContent);
}

async function remembered(files: Files): Promise<SlotContent> {
  const content = await contentIn(files);
  if (content === undefined) throw new StepError("no slot is remembered");
  return content;
}
