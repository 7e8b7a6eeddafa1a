import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";

export const controllerRenewToken = command({
  positionals: ["CONTROLLER"],
  details: "The token before ends at once. Prints the new one alone on standard output, this once.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult controller renew-token gw-1017",
  run: async (context, { options, positionals: [controllerId = ""] }) => {
    const client = await connect(context);
    await confirm(context, options.yes, `Give ${controllerId} another token?`);
    const reply = await client.call(
      "renewControllerToken",
      { params: { controllerId } },
      { signal: context.signal },
    );
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out(reply.token);
  },
});
