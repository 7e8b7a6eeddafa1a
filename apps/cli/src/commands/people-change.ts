import { ROLES } from "@moult/api";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { lookupPerson } from "../lookup/lookup-person.ts";
import { connect } from "../session/connect.ts";
import { personText } from "../show/people-text.ts";
import { printJson } from "../show/print-json.ts";

export const peopleChange = command({
  positionals: ["PERSON"],
  details:
    "PERSON is an e-mail address, a name or an id. The role counts from their next request, also for their API keys; nobody changes their own.",
  options: {
    role: {
      type: "string",
      value: "ROLE",
      required: true,
      help: `What they may do from now on: ${ROLES.join(", ")}`,
    },
  },
  example: "moult people change bob@example.org --role viewer",
  run: async (context, { options, positionals: [text = ""] }) => {
    const { signal } = context;
    const role = oneOf("role", options.role, ROLES) ?? "viewer";
    const client = await connect(context);
    const { id: personId } = await lookupPerson(client, text, signal);
    const input = { params: { personId }, body: { role } };
    const person = await client.call("changePerson", input, { signal });
    if (context.isJson) printJson(context.terminal, person);
    else context.terminal.out(personText(person));
  },
});
