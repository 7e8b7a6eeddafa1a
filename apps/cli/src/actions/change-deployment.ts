import { command, type Command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";

interface DeploymentAction {
  readonly operation: "pauseDeployment" | "resumeDeployment" | "abortDeployment";
  /** Asked before; without one nothing is asked. */
  readonly confirmation?: string;
  readonly details: string;
  readonly example: string;
}

/** A command that changes the state of one deployment and shows it afterwards. */
export const changeDeployment = ({
  operation,
  confirmation,
  details,
  example,
}: DeploymentAction): Command =>
  command({
    positionals: ["DEPLOYMENT"],
    details,
    options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
    example,
    run: async (context, { options, positionals: [name = ""] }) => {
      const { terminal, signal } = context;
      const client = await connect(context);
      const deploymentId = await lookupDeployment(client, name, signal);
      if (confirmation !== undefined)
        await confirm(context, options.yes, `${name}: ${confirmation}`);
      const deployment = await client.call(operation, { params: { deploymentId } }, { signal });
      if (context.isJson) printJson(terminal, deployment);
      else terminal.out(deploymentText(deployment, terminal));
    },
  });
