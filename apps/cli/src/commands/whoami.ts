import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { factsText } from "../terminal/table-text.ts";

export const whoami = command({
  options: {},
  example: "moult whoami",
  run: async (context) => {
    const client = await connect(context);
    const me = await client.call("showMe", {}, { signal: context.signal });
    if (context.isJson) printJson(context.terminal, me);
    else
      context.terminal.out(
        factsText([
          ["Name", me.name],
          ["E-mail", me.email],
          ["Role", me.role],
          ["Signed in by", me.kind === "api-key" ? "API key" : "password"],
          ["Tenant", me.tenantId],
        ]),
      );
  },
});
