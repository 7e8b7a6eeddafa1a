import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { safeguardText } from "../show/safeguard-text.ts";

export const safeguardLift = command({
  positionals: ["SAFEGUARD"],
  details: "SAFEGUARD is an id as `moult safeguard list` shows it.",
  options: {},
  example: "moult safeguard lift 0198c0de-0007-7000-8000-000000000001",
  run: async (context, { positionals: [safeguardId = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const lifted = await client.call("liftSafeguard", { params: { safeguardId } }, { signal });
    if (context.isJson) printJson(context.terminal, lifted);
    else context.terminal.out(safeguardText(lifted));
  },
});
