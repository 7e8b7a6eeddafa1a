import { command } from "../command-line/command.ts";
import { durationSeconds } from "../command-line/option-value.ts";
import { watchDeployment } from "../deployment/watch-deployment.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { connect } from "../session/connect.ts";

export const deploymentWatch = command({
  positionals: ["DEPLOYMENT"],
  details:
    "Ends with the deployment: exit code 0 when it finished, 3 when it tripped or was aborted, 4 after --timeout. With --json each line is an event or the deployment's new state.",
  options: {
    timeout: {
      type: "string",
      value: "TIME",
      help: "How long to watch, such as 30m; for ever unless given",
    },
  },
  example: "moult deployment watch 'gw2 1.4.0' --timeout 2h",
  run: async (context, { options, positionals: [name = ""] }) => {
    const timeout = durationSeconds("timeout", options.timeout);
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, context.signal);
    return watchDeployment(context, client, deploymentId, timeout);
  },
});
