import { CliError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { ask, CONTACT_OPTIONS, contact, readPassword, storeKeyFor } from "../session/sign-in.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const setup = command({
  positionals: ["[SERVER]"],
  details:
    "Works once, with the setup code that the server printed when it started; then signs in.",
  options: {
    code: { type: "string", value: "CODE", help: "Setup code; asked for unless given" },
    name: { type: "string", value: "NAME", help: "Your name; asked for unless given" },
    email: { type: "string", value: "ADDRESS", help: "E-mail address; asked for unless given" },
    "password-stdin": {
      type: "boolean",
      help: "Read the password, at least 10 characters, from standard input",
    },
    ...CONTACT_OPTIONS,
  },
  example: "moult setup moult.example.org --code ABCD-EFGH --name Ada --email ada@example.org",
  run: async (context, { options, positionals: [server] }) => {
    const { terminal, signal } = context;
    const met = await contact(context, server, options);
    const { needed } = await met.client.call("showSetup", {}, { signal });
    if (!needed)
      throw new CliError("usage", `${met.server} has its first administrator already.`, {
        hint: "Sign in with `moult login`.",
      });
    const setupCode = options.code ?? (await ask(context, "Setup code: ", "the setup code"));
    const name = options.name ?? (await ask(context, "Your name: ", "your name"));
    const email = options.email ?? (await ask(context, "E-mail address: ", "the e-mail address"));
    const password = await readPassword(context, options["password-stdin"]);
    const me = await storeKeyFor(context, met, (client) =>
      client.call("completeSetup", { body: { setupCode, name, email, password } }, { signal }),
    );
    if (context.isJson) printJson(terminal, me);
    else
      terminal.out(plainText(`${me.name} administers ${met.server} now, and is signed in here.`));
  },
});
