import { ROLES } from "@moult/api";
import { command } from "../command-line/command.ts";
import { integer, oneOf } from "../command-line/option-value.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const peopleInvite = command({
  positionals: ["EMAIL"],
  details:
    "No e-mail is sent: pass the link on yourself, it is shown this once. An earlier invitation for the address is void.",
  options: {
    role: {
      type: "string",
      value: "ROLE",
      required: true,
      help: `What they may do: ${ROLES.join(", ")}`,
    },
    "expires-in-days": { type: "string", value: "DAYS", help: "1 to 30; 7 unless given" },
  },
  example: "moult people invite bob@example.org --role operator",
  run: async (context, { options, positionals: [email = ""] }) => {
    const role = oneOf("role", options.role, ROLES) ?? "viewer";
    const days = integer("expires-in-days", options["expires-in-days"], { min: 1, max: 30 });
    const client = await connect(context);
    const body = { email, role, ...(days === undefined ? {} : { expiresInDays: days }) };
    const reply = await client.call("invitePerson", { body }, { signal: context.signal });
    if (context.isJson) {
      printJson(context.terminal, reply);
      return;
    }
    const { invitation, link } = reply;
    context.terminal.err(
      plainText(
        `Invited ${invitation.email} as ${role}, until ${timeText(invitation.expiresAt)}. The link, shown this once:`,
      ),
    );
    context.terminal.out(plainText(link));
  },
});
