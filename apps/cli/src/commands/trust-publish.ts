import { CliError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { lookupProposal } from "../lookup/lookup-proposal.ts";
import { printJson } from "../show/print-json.ts";
import { missingText } from "../show/trust-text.ts";
import { isComplete, understand } from "../trust/proposed-files.ts";
import { proposedFiles, publishProposal } from "../trust/proposals.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const trustPublish = command({
  positionals: ["[PROPOSAL]"],
  details: "Makes a proposal that has all its signatures what devices go by.",
  options: {},
  example: "moult trust publish 0198c0de-0000-7000-8000-000000000001",
  run: async (context, { positionals: [typed] }) => {
    const session = await openTrustSession(context);
    const { client, repository, keys } = session;
    const proposalId = await lookupProposal(client, typed, context.signal);
    const files = await proposedFiles(context, client, proposalId);
    const understood = understand(files, repository, keys, Date.now());
    const open = understood.files.find((file) => !isComplete(file));
    if (open !== undefined)
      throw new CliError(
        "key-missing",
        `${open.role} has too few signatures; these keys could give more: ${missingText(open, keys).join(", ")}.`,
        { hint: `moult trust sign ${proposalId}` },
      );
    await publishProposal(context, session, proposalId);
    const roles = files.map(({ role }) => role);
    if (context.isJson) printJson(context.terminal, { proposalId, published: true, roles });
    else context.terminal.out(`Published: ${roles.join(", ")}.`);
  },
});
