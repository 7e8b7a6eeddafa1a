import { command } from "../command-line/command.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { verifyWholeChain } from "../deployment/chain-pieces.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const deploymentVerifyChain = command({
  positionals: ["DEPLOYMENT"],
  details:
    "Every event that changed the deployment follows from the one before it by SHA-256, with what decided it. Names the first place where that does not hold, and fails. Keep the number of entries and the digest that it prints: whoever makes a new chain cannot make the old digest.",
  options: {},
  example: "moult deployment verify-chain 'gw2 1.4.0'",
  run: async (context, { positionals: [name = ""] }) => {
    const { signal, terminal, isJson } = context;
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const { entries, sha256, firstBreak, through } = await verifyWholeChain(
      client,
      deploymentId,
      signal,
    );
    if (isJson) printJson(terminal, { deploymentId, entries, through, sha256, firstBreak });
    else if (firstBreak === null)
      terminal.out(`The chain holds: ${entries} entries, the last digest is ${sha256}.`);
    else {
      terminal.out(
        `The chain is broken at entry ${firstBreak.number}: ${plainText(firstBreak.sentence)}`,
      );
      if (through > 0) terminal.out(`It holds through entry ${through}.`);
    }
    return firstBreak === null ? EXIT.ok : EXIT.failed;
  },
});
