import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { lookupPerson } from "../lookup/lookup-person.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const peopleRemove = command({
  positionals: ["PERSON"],
  details:
    "PERSON is an e-mail address, a name or an id. Their sessions, API keys and open invitations are void at once; keys that sign releases are theirs and stay: `moult trust revoke`.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult people remove bob@example.org --yes",
  run: async (context, { options, positionals: [text = ""] }) => {
    const { signal, terminal } = context;
    const client = await connect(context);
    const person = await lookupPerson(client, text, signal);
    const keys = person.apiKeys === 1 ? "1 API key" : `${person.apiKeys} API keys`;
    await confirm(
      context,
      options.yes,
      plainText(`Remove ${person.name} (${person.email}, ${person.role}, ${keys})?`),
    );
    await client.call("removePerson", { params: { personId: person.id } }, { signal });
    if (context.isJson) printJson(terminal, { deleted: person.id });
    else terminal.out(plainText(`Removed ${person.name} (${person.email}).`));
  },
});
