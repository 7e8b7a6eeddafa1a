import { command } from "../command-line/command.ts";
import { durationSeconds } from "../command-line/option-value.ts";
import { INTENT_DETAILS, INTENT_OPTIONS, intentFrom } from "../deployment/intent-options.ts";
import { watchDeployment } from "../deployment/watch-deployment.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";

export const deploymentCreate = command({
  positionals: ["[RELEASE]"],
  details: `${INTENT_DETAILS} See \`moult deployment preview\` for what it would do.`,
  options: {
    ...INTENT_OPTIONS,
    name: { type: "string", value: "TEXT", help: "Name of the deployment" },
    watch: { type: "boolean", help: "Then watch it: see `moult deployment watch`" },
    timeout: { type: "string", value: "TIME", help: "With --watch: how long, such as 30m" },
  },
  example:
    "moult deployment create gw2/1.4.0 --group canaries --stages 10,50,100 --error-stop 3,10%",
  run: async (context, { options, positionals: [name] }) => {
    const { terminal, signal } = context;
    const timeout = durationSeconds("timeout", options.timeout);
    const { client, release, target, plan } = await intentFrom(context, name, options);
    const deployment = await client.call(
      "createDeployment",
      {
        body: {
          releaseId: release.id,
          target,
          plan,
          ...(options.name === undefined ? {} : { name: options.name }),
        },
      },
      { signal },
    );
    if (deployment.plan.stages.some(({ errorStop }) => errorStop === undefined))
      terminal.err("Note: a stage has no error stop; failures there do not stop the deployment.");
    if (options.watch) return watchDeployment(context, client, deployment.id, timeout);
    if (context.isJson) printJson(terminal, deployment);
    else terminal.out(deploymentText(deployment, terminal));
    return undefined;
  },
});
