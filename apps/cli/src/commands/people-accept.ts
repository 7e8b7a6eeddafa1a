import { command } from "../command-line/command.ts";
import { ask, CONTACT_OPTIONS, contact, readPassword, storeKeyFor } from "../session/sign-in.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const peopleAccept = command({
  positionals: ["[SERVER]"],
  details: "Works once, with the code that stands at the end of the link that you were given.",
  options: {
    code: {
      type: "string",
      value: "CODE",
      help: "The code, or the whole link; asked for unless given",
    },
    name: { type: "string", value: "NAME", help: "Your name; asked for unless given" },
    "password-stdin": {
      type: "boolean",
      help: "Read the password, at least 10 characters, from standard input",
    },
    ...CONTACT_OPTIONS,
  },
  example: "moult people accept moult.example.org --code mi_4f2a --name Bob",
  run: async (context, { options, positionals: [server] }) => {
    const { terminal, signal } = context;
    const met = await contact(context, server, options);
    const code = codeOf(options.code ?? (await ask(context, "Invitation: ", "the invitation")));
    const offer = await met.client.call("showInvitation", { body: { code } }, { signal });
    terminal.err(
      plainText(
        `${offer.invitedBy} invites ${offer.email} to "${offer.tenantName}" as ${offer.role}.`,
      ),
    );
    const name = options.name ?? (await ask(context, "Your name: ", "your name"));
    const password = await readPassword(context, options["password-stdin"]);
    const me = await storeKeyFor(context, met, (client) =>
      client.call("acceptInvitation", { body: { code, name, password } }, { signal }),
    );
    if (context.isJson) printJson(terminal, me);
    else terminal.out(plainText(`Signed in to ${met.server} as ${me.name} (${me.role}).`));
  },
});

/** People paste what they were sent. */
const codeOf = (text: string): string => text.trim().replace(/^.*#/, "");
