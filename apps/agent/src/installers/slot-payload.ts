import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  SlotError,
  type BootControl,
  type SlotContent,
  type SlotInstaller,
} from "@moult/agent-core";
import { RefusalCode, type FailureCode, type UpdateState } from "@moult/updater";
import * as z from "zod";
import { systemCode, writeFileDurably } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import type { IncomingFile, Installation, Installer } from "./installer.ts";

// What payloads have in common that go into the slot that does not run, and are started on trial from there: the agent itself
// by its launcher, and the whole system by the machine's bootloader.

/** What later steps have to know; written when the slot is filled. */
const Plan = z.object({ slot: z.enum(["a", "b"]), sizeBytes: z.int(), sha256: z.string() });
type Plan = z.infer<typeof Plan>;

export interface SlotPayload {
  readonly slots: SlotInstaller;
  readonly boot: BootControl;
  /** Names the file in the update's tree that keeps the plan. */
  readonly name: string;
  /** Takes a file that is not for the slot, and reads it to its end; false leaves it alone. */
  readonly takeBeside?: (
    file: IncomingFile,
    at: Installation,
    signal: AbortSignal,
  ) => Promise<boolean>;
  /** Before the slot is touched; throws what keeps the file from being a payload. */
  readonly admit: (file: IncomingFile) => Promise<void>;
  /** In front of the slot: the payload's content, looked at as it passes by. */
  readonly passing?: (file: IncomingFile, at: Installation) => Promise<AsyncIterable<Uint8Array>>;
  /** Puts what the slot was filled with on trial, once it was read back. */
  readonly arm: (content: SlotContent, at: Installation) => Promise<void>;
  /** Starts anew what the slot holds; returns only when that did not happen. */
  readonly restart: (signal: AbortSignal) => Promise<never>;
  /** For people. */
  readonly words: Readonly<Record<SlotError["code"], string>> & {
    readonly onePayload: string;
    readonly startedAgain: string;
  };
}

type Steps =
  | "unpack"
  | "supportsRollback"
  | "install"
  | "verify"
  | "commit"
  | "rollBack"
  | "verifyRollback"
  | "cleanUp";

export interface SlotPayloadSteps {
  /** Those that are the same for all of them. */
  readonly steps: Pick<Installer, Steps>;
  /** Whether the slot that this update filled is what runs. */
  readonly isRunning: (tree: string) => Promise<boolean>;
}

export function slotPayloadSteps(payload: SlotPayload): SlotPayloadSteps {
  const { slots, words } = payload;
  const { planFile, readPlan, planIn, isRunning, startsNext } = plansOf(payload);
  const inWords = <Result>(code: FailureCode, run: () => Promise<Result>): Promise<Result> =>
    orFailure(code, words, run);
  const steps: Pick<Installer, Steps> = {
    unpack: async (files, at, signal) => {
      let plan: Plan | undefined;
      for await (const file of files) {
        if ((await payload.takeBeside?.(file, at, signal)) === true) continue;
        if (plan !== undefined) throw new InstallError("payload-refused", words.onePayload);
        await payload.admit(file);
        const content = (await payload.passing?.(file, at)) ?? file.content;
        const { sizeBytes, sha256 } = file;
        plan = await inWords("install-failed", () =>
          slots.write({ content: untilAborted(content, signal), sizeBytes, sha256 }),
        );
        signal.throwIfAborted();
      }
      if (plan === undefined)
        throw new InstallError("payload-refused", "the payload holds no file");
      await writeFileDurably(planFile(at.tree), JSON.stringify(plan));
    },
    supportsRollback: () => Promise.resolve(true),
    install: async (at) => {
      const plan = await readPlan(at.tree);
      await inWords("install-failed", () => payload.arm(plan, at));
    },
    verify: async ({ tree }) => {
      const { slot } = await readPlan(tree);
      await inWords("verification-failed", () => slots.verify(slot));
    },
    commit: async ({ tree }) => {
      const { slot } = await readPlan(tree);
      await inWords("commit-failed", () => slots.confirm(slot));
    },
    rollBack: async ({ tree }) => {
      const plan = await planIn(tree);
      if (plan !== undefined) await inWords("rollback-failed", () => slots.revert(plan.slot));
    },
    verifyRollback: async ({ tree, job }) => {
      if (!(await isRunning(tree))) return;
      // A file's rollback asks for no restart of its own; the end of the update makes the one that is still owed.
      if (job.update.kind === "standalone" && !(await startsNext(tree))) return;
      throw new InstallError("rollback-failed", words.startedAgain);
    },
    cleanUp: async (_, signal) => {
      if (await slots.endForgottenTrial()) await payload.restart(signal);
    },
  };
  return { steps, isRunning };
}

/** What the updates remember of the slot that each filled. */
function plansOf({ boot, name }: Pick<SlotPayload, "boot" | "name">) {
  const planFile = (tree: string): string => join(tree, "tmp", `${name}.json`);
  const readPlan = async (tree: string): Promise<Plan> =>
    Plan.parse(JSON.parse(await readFile(planFile(tree), "utf8")));
  /** Undefined when nothing was armed: the slot was not filled to its end. */
  const planIn = async (tree: string): Promise<Plan | undefined> => {
    try {
      return await readPlan(tree);
    } catch (cause) {
      if (systemCode(cause) === "ENOENT") return undefined;
      throw cause;
    }
  };
  const isRunning = async (tree: string): Promise<boolean> => {
    const plan = await planIn(tree);
    return plan !== undefined && (await boot.booted()) === plan.slot;
  };
  /** Whether the next start would be from the slot that this update filled. */
  const startsNext = async (tree: string): Promise<boolean> => {
    const plan = await planIn(tree);
    const { good, trial, triesLeft } = await boot.read();
    return plan?.slot === (trial !== null && triesLeft > 0 ? trial : good);
  };
  return { planFile, readPlan, planIn, isRunning, startsNext };
}

/** Whether an update is under way that brings a payload of this type. */
export function isUpdateWith(payloadType: string, state: UpdateState): boolean {
  if ("job" in state) return state.job.artifact.payloadTypes.includes(payloadType);
  if (state.kind !== "cleaning-up" && state.kind !== "reporting") return false;
  return state.artifact?.payloadTypes.includes(payloadType) ?? false;
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

/** What does not fit will not fit the next time either. */
const TOO_SMALL = RefusalCode.parse("slot-too-small");

/** Says for people what became of a slot. */
async function orFailure<Result>(
  code: FailureCode,
  words: SlotPayload["words"],
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof SlotError)) throw cause;
    const isTooSmall = cause.code === "slot-too-small";
    throw new InstallError(isTooSmall ? TOO_SMALL : code, words[cause.code], { cause });
  }
}
