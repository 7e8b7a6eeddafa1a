import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { integer } from "../command-line/option-value.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";

export const deploymentApprove = command({
  positionals: ["DEPLOYMENT"],
  details:
    "A stage whose plan asks for approvals opens no sooner than people other than the one who made the deployment gave them.",
  options: {
    stage: {
      type: "string",
      value: "NUMBER",
      help: "Which stage, from 1; the first that lacks approvals unless told",
    },
    withdraw: { type: "boolean", help: "Take your approval back, before the stage opened" },
  },
  example: "moult deployment approve 'gw2 1.4.0'",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const given = integer("stage", options.stage, { min: 1, max: 20 });
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const params = { deploymentId };
    const shown = await client.call("showDeployment", { params }, { signal });
    const stage = given === undefined ? shown.pendingApproval?.stage : given - 1;
    if (stage === undefined) throw usageError("No stage of it lacks approvals.");
    const operation = options.withdraw ? "withdrawApproval" : "approveDeployment";
    const deployment = await client.call(operation, { params, body: { stage } }, { signal });
    if (context.isJson) printJson(terminal, deployment);
    else terminal.out(deploymentText(deployment, terminal));
  },
});
