import { command, type Command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

interface DeploymentAction {
  /** Null: the next stage is opened, which names the stage that is open. */
  readonly operation: "pauseDeployment" | "resumeDeployment" | "abortDeployment" | null;
  readonly action: "pause" | "resume" | "abort" | "advance";
  /** Whether it is asked before; what cannot be undone is. */
  readonly isAsked: boolean;
  readonly details: string;
  readonly example: string;
}

/** A command that changes the state of one deployment: says what that will do, does it, and shows it afterwards. */
export const changeDeployment = ({
  operation,
  action,
  isAsked,
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
      const params = { deploymentId };
      // Looked at before anybody is asked: a stage that opens meanwhile is not the one that was meant.
      const openStage =
        operation === null
          ? (await client.call("showDeployment", { params }, { signal })).stage
          : 0;
      if (!context.isJson || (isAsked && !options.yes)) {
        const query = { action };
        const rehearsal = await client.call(
          "rehearseDeploymentChange",
          { params, query },
          { signal },
        );
        terminal.err(plainText(rehearsal.sentence));
        // What cannot be done needs no yes: the server refuses it.
        if (isAsked && rehearsal.isPossible)
          await confirm(context, options.yes, plainText(`${rehearsal.button}?`));
      }
      const deployment =
        operation === null
          ? await client.call(
              "advanceDeployment",
              { params, body: { stage: openStage } },
              { signal },
            )
          : await client.call(operation, { params }, { signal });
      if (context.isJson) printJson(terminal, deployment);
      else terminal.out(deploymentText(deployment, terminal));
    },
  });
