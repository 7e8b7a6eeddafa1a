import { command } from "../command-line/command.ts";
import { lookupProposal } from "../lookup/lookup-proposal.ts";
import { printJson } from "../show/print-json.ts";
import { openTrustPlace } from "../trust/trust-session.ts";

export const trustWithdraw = command({
  positionals: ["[PROPOSAL]"],
  options: {},
  example: "moult trust withdraw 0198c0de-0000-7000-8000-000000000001",
  run: async (context, { positionals: [typed] }) => {
    const { client } = await openTrustPlace(context);
    const { signal } = context;
    const trustProposalId = await lookupProposal(client, typed, signal);
    const reply = await client.call(
      "withdrawTrustProposal",
      { params: { trustProposalId } },
      { signal },
    );
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out("Withdrawn; nothing of it was published.");
  },
});
