import { CliError, usageError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";

/** Goes on after a yes, typed or given as `--yes`. */
export async function confirm(
  { terminal }: CommandContext,
  isAgreed: boolean,
  question: string,
): Promise<void> {
  if (isAgreed) return;
  if (!terminal.canAsk) throw usageError("Nobody is here to confirm it.", "Add --yes.");
  const answer = (await terminal.ask(`${question} [y/N] `)).trim().toLowerCase();
  if (answer !== "y" && answer !== "yes")
    throw new CliError("cancelled", "Cancelled; nothing was changed.");
}
