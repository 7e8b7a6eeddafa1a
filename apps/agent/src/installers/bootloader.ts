import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOfSlot, fillSlot, otherSlot } from "@moult/agent-core";
import { hex } from "@moult/base";
import { RefusalCode } from "@moult/updater";
import * as z from "zod";
import { withBootArea, type BootAreaDeps } from "../bootloader-copies/boot-area.ts";
import type { CopyChoice } from "../bootloader-copies/copy-choice.ts";
import type { BootloaderConfig } from "../config.ts";
import { systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import { QUIET_STATES, type IncomingFile, type Installer } from "./installer.ts";

// Payload type `bootloader`: one file, for platforms that can start from either of two raw copies of their bootloader. The copy
// that the machine was started from is never written. The other one is filled, read back from the medium and only then chosen; a machine
// that starts from the old one again, because its ROM took the new one for damaged, reports that and chooses the old one.

export const BOOTLOADER_TYPE = "bootloader";

/** What later steps have to know; written when the copy is filled. */
const Plan = z.object({
  copy: z.enum(["a", "b"]),
  before: z.enum(["a", "b"]),
  sizeBytes: z.int(),
  sha256: z.string(),
});
type Plan = z.infer<typeof Plan>;

export interface BootloaderDeps extends BootAreaDeps {
  readonly copies: BootloaderConfig["copies"];
  readonly choice: CopyChoice;
}

export function createBootloaderInstaller(deps: BootloaderDeps): Installer {
  const { copies, choice } = deps;
  const demandBooted = async (
    copy: Plan["copy"],
    code: "verification-failed" | "rollback-failed",
    detail: string,
  ): Promise<void> => {
    if ((await choice.booted()) !== copy) throw new InstallError(code, detail);
  };
  return {
    ...QUIET_STATES,
    unpack: async (files, { tree, log }, signal) => {
      let plan: Plan | undefined;
      for await (const file of files) {
        if (plan !== undefined)
          throw new InstallError("payload-refused", "the payload is not one file, a bootloader");
        plan = await fillSpare(deps, file, signal);
        log.info("bootloader-written", { copy: plan.copy, bytes: plan.sizeBytes });
      }
      if (plan === undefined)
        throw new InstallError("payload-refused", "the payload holds no file");
      await writeFileDurably(planFile(tree), JSON.stringify(plan));
    },
    supportsRollback: () => Promise.resolve(true),
    install: async ({ tree, log }) => {
      const { copy, sizeBytes, sha256 } = await readPlan(tree);
      if ((await choice.booted()) === copy)
        throw new InstallError("install-failed", "the copy that was filled is in use by now");
      await withBootArea(copies[copy], deps, async (device) => {
        await device.dropCache();
        if (hex(await digestOfSlot(device, sizeBytes, createHash("sha256"))) !== sha256)
          throw new InstallError(
            "install-failed",
            "the medium does not hold the bootloader that was written to it",
          );
      });
      await choice.choose(copy);
      log.info("bootloader-chosen", { copy });
    },
    neededReboot: () => Promise.resolve("system"),
    verify: async ({ tree }) => {
      const { copy } = await readPlan(tree);
      await demandBooted(
        copy,
        "verification-failed",
        "the machine did not restart, or started from the bootloader before",
      );
    },
    commit: async ({ tree }) => {
      const { copy } = await readPlan(tree);
      if ((await choice.chosen()) !== copy)
        throw new InstallError("commit-failed", "the bootloader before was chosen meanwhile");
    },
    rollBack: async ({ tree }) => {
      const plan = await planIn(tree);
      // Nothing was chosen before there was a plan.
      if (plan !== undefined && (await choice.chosen()) !== plan.before)
        await choice.choose(plan.before);
    },
    verifyRollback: async ({ tree, job }) => {
      const plan = await planIn(tree);
      // A file's rollback asks for no restart of its own.
      if (plan === undefined || job.update.kind === "standalone") return;
      await demandBooted(
        plan.before,
        "rollback-failed",
        "the machine has started from the new bootloader again",
      );
    },
    cleanUp: () => Promise.resolve(),
  };
}

/** Fills the copy that this run of the machine did not come from. */
async function fillSpare(
  deps: BootloaderDeps,
  { sizeBytes, sha256, content }: IncomingFile,
  signal: AbortSignal,
): Promise<Plan> {
  const { copies, choice } = deps;
  const before = await choice.booted();
  const copy = otherSlot(before);
  const area = copies[copy];
  if (sizeBytes > area.sizeBytes)
    throw new InstallError(
      RefusalCode.parse("slot-too-small"),
      `the bootloader is larger than its place of ${area.sizeBytes} bytes`,
    );
  // A power cut while it is written must find the whole one chosen.
  if ((await choice.chosen()) !== before) await choice.choose(before);
  await withBootArea(area, deps, async (device) => {
    await fillSlot(device, untilAborted(content, signal), sizeBytes);
    await device.sync();
  });
  return { copy, before, sizeBytes, sha256 };
}

async function* untilAborted(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    signal.throwIfAborted();
    yield chunk;
  }
}

const planFile = (tree: string): string => join(tree, "tmp", "bootloader.json");

const readPlan = async (tree: string): Promise<Plan> =>
  Plan.parse(JSON.parse(await readFile(planFile(tree), "utf8")));

async function planIn(tree: string): Promise<Plan | undefined> {
  try {
    return await readPlan(tree);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw cause;
  }
}
