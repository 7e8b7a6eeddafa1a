import { command } from "../command-line/command.ts";
import { lookupProposal } from "../lookup/lookup-proposal.ts";
import { tellOutcome } from "../trust/propose-command.ts";
import { SIGN_OPTIONS, signProposal } from "../trust/proposals.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const trustSign = command({
  positionals: ["[PROPOSAL]"],
  details:
    "Shows what a proposal changes, as this machine understands it, and adds signatures of the keys that are here. Keys on media that are not here are left out.",
  options: {
    publish: { type: "boolean", help: "Publish it when no signature is missing any more" },
    ...SIGN_OPTIONS,
  },
  example: "moult trust sign 0198c0de-0000-7000-8000-000000000001 --publish",
  run: async (context, { options, positionals: [typed] }) => {
    const session = await openTrustSession(context);
    const proposalId = await lookupProposal(session.client, typed, context.signal);
    tellOutcome(
      context,
      await signProposal(context, session, proposalId, options, options.publish),
    );
  },
});
