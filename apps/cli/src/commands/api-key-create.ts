import { ROLES } from "@moult/api";
import { command } from "../command-line/command.ts";
import { integer, oneOf } from "../command-line/option-value.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { timeText } from "../terminal/time-text.ts";

export const apiKeyCreate = command({
  positionals: ["NAME"],
  details: "Prints the secret alone on standard output; it is shown this once.",
  options: {
    role: {
      type: "string",
      value: "ROLE",
      required: true,
      help: `What it may do: ${ROLES.join(", ")}; yours or a lower one`,
    },
    "expires-in-days": { type: "string", value: "DAYS", help: "Never expires unless given" },
  },
  example: "moult api-key create ci --role publisher --expires-in-days 365",
  run: async (context, { options, positionals: [name = ""] }) => {
    const role = oneOf("role", options.role, ROLES) ?? "viewer";
    const expiresInDays = integer("expires-in-days", options["expires-in-days"], {
      min: 1,
      max: 3_650,
    });
    const client = await connect(context);
    const body = { name, role, ...(expiresInDays === undefined ? {} : { expiresInDays }) };
    const reply = await client.call("createApiKey", { body }, { signal: context.signal });
    if (context.isJson) {
      printJson(context.terminal, reply);
      return;
    }
    const { expiresAt } = reply.key;
    const end = expiresAt === null ? "does not expire" : `expires ${timeText(expiresAt)}`;
    context.terminal.err(
      `API key ${reply.key.id}, role ${role}, ${end}. Its secret, shown this once:`,
    );
    context.terminal.out(reply.secret);
  },
});
