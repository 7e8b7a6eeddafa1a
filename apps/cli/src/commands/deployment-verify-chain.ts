import type { ChainVerification } from "@moult/model";
import { command } from "../command-line/command.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { verifyWholeChain } from "../deployment/chain-pieces.ts";
import { checkChainHere } from "../deployment/check-chain-here.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const deploymentVerifyChain = command({
  positionals: ["DEPLOYMENT"],
  details:
    "Every event that changed the deployment follows from the one before it by SHA-256, with what decided it. Names the first place where that does not hold, and fails. The server checks as well whether the deployment is as its events left it; --here checks the events on this machine, without the server's word. Keep the number of entries and the digest that it prints, or the file of --export: whoever writes a new chain cannot make the old digest.",
  options: {
    here: { type: "boolean", help: "Check the events here, from what the server hands out" },
    export: { type: "string", value: "FILE", help: "The same, and write them all as JSON" },
    force: { type: "boolean", help: "Replace the file if it is there" },
  },
  example: "moult deployment verify-chain 'gw2 1.4.0'",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal, terminal, isJson } = context;
    const file = options.export;
    if (file !== undefined) await refuseExisting(file, options.force);
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const isHere = options.here || file !== undefined;
    const here = isHere ? await checkChainHere(client, deploymentId, signal) : undefined;
    const checked = here ?? (await verifyWholeChain(client, deploymentId, signal));
    const { entries, through, sha256, firstBreak } = checked;
    if (file !== undefined && here !== undefined)
      await writeFileWhole(file, `${JSON.stringify({ deploymentId, ...here.exported })}\n`, {
        mode: 0o644,
        mayReplace: options.force,
      });
    if (isJson) printJson(terminal, { deploymentId, entries, through, sha256, firstBreak });
    else for (const line of verdictText(checked)) terminal.out(line);
    return firstBreak === null ? EXIT.ok : EXIT.failed;
  },
});

function verdictText({
  entries,
  through,
  sha256,
  firstBreak,
}: Pick<ChainVerification, "entries" | "through" | "firstBreak"> & {
  readonly sha256: string;
}): readonly string[] {
  if (firstBreak === null)
    return [`The chain holds: ${entries} entries, the last digest is ${sha256}.`];
  return [
    `The chain is broken at entry ${firstBreak.number}: ${plainText(firstBreak.sentence)}`,
    ...(through > 0 ? [`It holds through entry ${through}.`] : []),
  ];
}
