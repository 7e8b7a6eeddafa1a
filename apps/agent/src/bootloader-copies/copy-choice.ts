import type { Slot } from "@moult/agent-core";
import { isSlot } from "../bootloaders/boot-copies.ts";
import { InstallError } from "../installers/install-error.ts";
import { runProgram } from "../platform/run-program.ts";

/** What starts a machine, before anything that Moult ships: only the platform knows which copy it takes, and how to tell it. */
export interface CopyChoice {
  /** The copy that this run of the machine came from. */
  booted(): Promise<Slot>;
  /** The copy that the next start will be from. */
  chosen(): Promise<Slot>;
  choose(copy: Slot): Promise<void>;
}

const ANSWER_MS_MAX = 30_000;

/** By a program of the platform's maker, which is called as `PROGRAM booted`, `PROGRAM chosen` and `PROGRAM choose a`. */
export function copyChoiceOf(program: string): CopyChoice {
  const run = async (...args: string[]): Promise<string> => {
    const result = await runProgram(program, args, ANSWER_MS_MAX);
    if (result.kind === "exited" && result.exitCode === 0) return result.stdout.trim();
    const why = result.kind === "failed" ? result.reason : `exit code ${result.exitCode}`;
    throw new InstallError("install-failed", `${program} ${args.join(" ")}: ${why}`);
  };
  const copyBy = async (question: "booted" | "chosen"): Promise<Slot> => {
    const answer = await run(question);
    // What is not known to be the spare copy is not written to.
    if (isSlot(answer)) return answer;
    throw new InstallError("install-failed", `${program} ${question} said neither a nor b`);
  };
  return {
    booted: () => copyBy("booted"),
    chosen: () => copyBy("chosen"),
    choose: async (copy) => {
      await run("choose", copy);
      const chosen = await copyBy("chosen");
      if (chosen !== copy)
        throw new InstallError("install-failed", `copy ${chosen} is chosen; ${copy} was to be`);
    },
  };
}
