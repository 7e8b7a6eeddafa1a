import { command } from "../command-line/command.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { progressText } from "../show/preview-text.ts";
import { printJson } from "../show/print-json.ts";

export const deploymentShow = command({
  positionals: ["DEPLOYMENT"],
  details: "DEPLOYMENT is a name, an id, or the beginning of one.",
  options: {},
  example: "moult deployment show 'gw2 1.4.0'",
  run: async (context, { positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const params = { deploymentId };
    const deployment = await client.call("showDeployment", { params }, { signal });
    const progress = await client.call("showDeploymentProgress", { params }, { signal });
    if (context.isJson) {
      printJson(terminal, { ...deployment, progress });
      return;
    }
    const more = progressText(progress);
    terminal.out(deploymentText(deployment, terminal) + (more === "" ? "" : `\n\n${more}`));
  },
});
