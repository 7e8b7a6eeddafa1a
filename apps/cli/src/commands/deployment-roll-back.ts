import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { deploymentText } from "../show/deployment-facts.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const deploymentRollBack = command({
  positionals: ["DEPLOYMENT"],
  details:
    "The deployment is aborted, and new ones take the devices that run what it brought back at once. Who is installing it follows once it runs it. Nothing is changed where some device could not go back, unless --leave-unable.",
  options: {
    to: {
      type: "string",
      value: "RELEASE",
      help: "Take them to RELEASE, not to what each ran before",
    },
    "leave-unable": {
      type: "boolean",
      help: "Leave those that could not go back where they are",
    },
    yes: { type: "boolean", short: "y", help: "Do not ask" },
  },
  example:
    "moult deployment roll-back 'gw2 1.4.0'\nmoult deployment roll-back 'gw2 1.4.0' --to gw2/1.3.9 --yes",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const deploymentId = await lookupDeployment(client, name, signal);
    const params = { deploymentId };
    const asked = {
      ...(options.to === undefined
        ? {}
        : { to: (await lookupRelease(client, options.to, signal)).id }),
      unable: options["leave-unable"] ? ("leave" as const) : ("refuse" as const),
    };
    if (!context.isJson || !options.yes) {
      const preview = await client.call("previewRollBack", { params, query: asked }, { signal });
      terminal.err(plainText(preview.sentence));
      // What cannot be done needs no yes: the server refuses it.
      if (preview.isPossible) await confirm(context, options.yes, plainText(`${preview.button}?`));
    }
    const deployment = await client.call("rollBackDeployment", { params, body: asked }, { signal });
    if (context.isJson) printJson(terminal, deployment);
    else terminal.out(deploymentText(deployment, terminal));
  },
});
