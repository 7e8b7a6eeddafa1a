import type { Ticker } from "@moult/agent-core";
import { concatBytes, textFromUtf8, type Log } from "@moult/base";
import type { UpdateState } from "@moult/updater";
import { AgentError } from "../agent-error.ts";
import { BootError } from "../bootloaders/boot-error.ts";
import type { SystemSlots } from "../system-slots/system-slots.ts";
import type { Reboot } from "../update-runner/update-runner.ts";
import { InstallError } from "./install-error.ts";
import { QUIET_STATES, type Installer } from "./installer.ts";
import { keepKernel, keptKernel, KERNEL_FILE } from "./kernel-beside.ts";
import { isUpdateWith, slotPayloadSteps, type SlotPayload } from "./slot-payload.ts";
import { readVerity, withRightTree } from "./verity.ts";

// Payload type `rootfs-image`: one file, the image of a root file system. It goes into the slot that does not run, and the
// machine's bootloader starts it on trial: a system that does not come up, or does not confirm itself, is replaced by the old one.

export const ROOTFS_IMAGE_TYPE = "rootfs-image";

export interface RootfsImageDeps {
  readonly slots: SystemSlots;
  readonly reboot: Reboot;
  /** How long the restart may take. */
  readonly rebootTimeoutMs: number;
  /** Returns when the new system is well; throws `health-check-failed` when it is not in time. */
  readonly checkHealth: Installer["checkHealth"];
  readonly ticker: Ticker;
  readonly log: Log;
}

export interface RootfsImages {
  readonly installer: Installer;
  /**
   * Called with the state that was read, before anything is done about it. A system on trial whose state tells of no such
   * update will never be confirmed: the machine is restarted from the good one, and this throws.
   */
  refuseStrayTrial(state: UpdateState): Promise<void>;
}

export function createRootfsImages(deps: RootfsImageDeps): RootfsImages {
  const { slots, reboot, rebootTimeoutMs, ticker, log } = deps;
  const restart = async (signal: AbortSignal): Promise<never> => {
    await reboot.reboot();
    await ticker.sleep(rebootTimeoutMs, signal);
    throw new InstallError("activation-failed", "the machine did not restart");
  };
  const { steps } = slotPayloadSteps({
    slots: slots.installer,
    boot: slots.boot,
    name: ROOTFS_IMAGE_TYPE,
    takeBeside: async (file, { tree }, signal) => {
      if (file.name !== KERNEL_FILE) return false;
      if (!slots.placesKernels)
        throw new InstallError(
          "payload-refused",
          `the payload has a kernel beside its image (${KERNEL_FILE}), which this device's bootloader does not start`,
        );
      await keepKernel(file, tree, signal);
      return true;
    },
    admit: () => Promise.resolve(),
    passing: async ({ content, sizeBytes }, { tree, log }) => {
      const verity = await readVerity(tree);
      const image = withProgress(refuseWholeDisks(content), sizeBytes, log);
      return verity === null ? image : withRightTree(image, sizeBytes, verity);
    },
    arm: async (content, { tree }) =>
      slots.arm(content, { verity: await readVerity(tree), kernel: await keptKernel(tree) }),
    restart,
    words: WORDS,
  });
  return {
    installer: {
      ...QUIET_STATES,
      ...steps,
      install: (at, signal) => inBootWords(() => steps.install(at, signal)),
      neededReboot: () => Promise.resolve("system"),
      checkHealth: deps.checkHealth,
    },
    refuseStrayTrial: async (state) => {
      if (isUpdateWith(ROOTFS_IMAGE_TYPE, state)) return;
      if (!(await slots.installer.endForgottenTrial())) return;
      log.error("system-trial-without-update", { state: state.kind });
      await reboot.reboot();
      throw new AgentError("aborted", {
        reason: "this system is on trial and has no update to prove; the machine is restarted",
      });
    },
  };
}

/** What can go wrong with what an image needs beside its place in the slot. */
const BOOT_WORDS: Partial<Readonly<Record<BootError["code"], string>>> = {
  "kernel-missing":
    "the image brings no /boot/moult.efi, and the payload no moult.efi, which is what systemd-boot starts",
  "kernel-too-large": "the kernel, moult.efi, is larger than its file on the EFI system partition",
  "kernel-not-kept": "the EFI system partition does not hold the kernel that was written to it",
  "verity-note-not-kept": "the slot does not hold the note of the image's dm-verity tree",
  "slot-not-mounted": "the image in the slot could not be mounted, to take its kernel from it",
  "slot-mounted":
    "the slot, or the EFI system partition, is mounted: systemd.gpt_auto=no keeps systemd from it",
};

async function inBootWords(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    const words = cause instanceof BootError ? BOOT_WORDS[cause.code] : undefined;
    if (words === undefined) throw cause;
    throw new InstallError("install-failed", words, { cause });
  }
}

const PROGRESS_PERCENT = 10;

async function* withProgress(
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  log: Log,
): AsyncGenerator<Uint8Array> {
  let writtenBytes = 0;
  let toldPercent = 0;
  for await (const chunk of content) {
    yield chunk;
    writtenBytes += chunk.length;
    const percent = Math.floor((writtenBytes * 100) / sizeBytes);
    if (percent < toldPercent + PROGRESS_PERCENT) continue;
    toldPercent = percent - (percent % PROGRESS_PERCENT);
    log.info("system-image-written", { percent: toldPercent });
  }
}

/** Where a disk with a GUID partition table says so (UEFI 2.10, 5.3.2), with sectors of 512 and of 4096 bytes. */
const TABLE_OFFSETS = [512, 4_096];
const TABLE_SIGNATURE = "EFI PART";
const HEAD_BYTES = 4_096 + TABLE_SIGNATURE.length;

/** The image of a disk has a file system behind its partition table; in a slot nothing could start from it. */
async function* refuseWholeDisks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of content) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = concatBytes([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    refuseTable(head);
    yield head;
    head = undefined;
  }
  if (head === undefined) return;
  refuseTable(head);
  yield head;
}

function refuseTable(head: Uint8Array): void {
  for (const offset of TABLE_OFFSETS) {
    const found = head.subarray(offset, offset + TABLE_SIGNATURE.length);
    if (textFromUtf8(found) === TABLE_SIGNATURE)
      throw new InstallError(
        "payload-refused",
        "the payload is the image of a whole disk, not of a root file system",
      );
  }
}

const WORDS: SlotPayload["words"] = {
  onePayload: "the payload is not one file, the image of a root file system",
  startedAgain: "the bootloader has started the new system again",
  "slot-too-small": "the image is larger than the slot",
  "slot-on-trial":
    "this system is itself on trial, and the other one is the only one that is known to be good",
  "slot-content-wrong":
    "the slot does not hold what was to be put there, as it was read back from the medium",
  "slot-in-use": "the slot that was filled is in use by now",
  "slot-not-booted":
    "the new system does not run: the machine did not restart, or the bootloader went back to the old one",
};
