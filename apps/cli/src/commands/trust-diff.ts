import { command } from "../command-line/command.ts";
import { lookupProposal } from "../lookup/lookup-proposal.ts";
import { printJson } from "../show/print-json.ts";
import { missingText, understoodText } from "../show/trust-text.ts";
import { understand } from "../trust/proposed-files.ts";
import { proposedFiles } from "../trust/proposals.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const trustDiff = command({
  positionals: ["[PROPOSAL]"],
  details:
    "Shows what a proposal would change, derived from what this machine has verified, and who must sign it still.",
  options: {},
  example: "moult trust diff 0198c0de-0000-7000-8000-000000000001",
  run: async (context, { positionals: [typed] }) => {
    const session = await openTrustSession(context);
    const { client, repository, keys } = session;
    const proposalId = await lookupProposal(client, typed, context.signal);
    const files = await proposedFiles(context, client, proposalId);
    const understood = understand(files, repository, keys, Date.now());
    const { terminal } = context;
    if (context.isJson) {
      printJson(terminal, {
        files: understood.files.map((file) => ({
          role: file.role,
          changes: file.changes,
          missing: missingText(file, keys),
        })),
        findings: understood.findings,
      });
      return;
    }
    terminal.out(understoodText(understood, keys, terminal));
    for (const file of understood.files) {
      const missing = missingText(file, keys);
      if (missing.length > 0)
        terminal.out(`${file.role} waits for signatures of ${missing.join(", ")}.`);
    }
  },
});
