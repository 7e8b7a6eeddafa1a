import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const deploymentOpenInstallation = command({
  positionals: ["DEPLOYMENT"],
  details:
    "With the mode download-only devices keep what they have downloaded until this; each is told at its next check-in. It cannot be taken back; a pause or an abort stops those that have not begun.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult deployment open-installation 'gw2 1.4.0'",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const params = { deploymentId };
    const { version, tally } = await client.call("showDeployment", { params }, { signal });
    const devices = `${tally.open} ${tally.open === 1 ? "device that has" : "devices that have"} it`;
    await confirm(context, options.yes, plainText(`Let the ${devices} install ${version}?`));
    const deployment = await client.call("openInstallation", { params }, { signal });
    if (context.isJson) printJson(terminal, deployment);
    else terminal.out(deploymentText(deployment, terminal));
  },
});
