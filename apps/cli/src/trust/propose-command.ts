import type { CommandContext, OptionValues } from "../command-line/command.ts";
import { printJson } from "../show/print-json.ts";
import { outcomeText } from "../show/trust-text.ts";
import { propose, type PROPOSE_OPTIONS, type ProposalOutcome } from "./proposals.ts";
import type { ProposedFile } from "./proposed-files.ts";
import type { TrustSession } from "./trust-session.ts";

/** Proposes, and tells what became of it. */
export async function proposeAndTell(
  context: CommandContext,
  session: TrustSession,
  files: readonly ProposedFile[],
  options: OptionValues<typeof PROPOSE_OPTIONS>,
): Promise<void> {
  tellOutcome(context, await propose(context, session, files, options));
}

export function tellOutcome({ terminal, isJson }: CommandContext, outcome: ProposalOutcome): void {
  if (isJson) printJson(terminal, outcome);
  else terminal.out(outcomeText(outcome));
}
