import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { clientOf } from "../session/connect.ts";
import { ask, CONTACT_OPTIONS, contact, readPassword, storeKeyFor } from "../session/sign-in.ts";
import { sessionPath, writeSession } from "../session/stored-session.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const login = command({
  positionals: ["[SERVER]"],
  details:
    "Makes an API key on the server and stores it; the password is never stored. With --api-key an existing key is stored.",
  options: {
    email: { type: "string", value: "ADDRESS", help: "E-mail address; asked for unless given" },
    "password-stdin": { type: "boolean", help: "Read the password from standard input" },
    "api-key": {
      type: "string",
      value: "KEY",
      help: "Store this key instead of signing in; - reads it from standard input",
    },
    ...CONTACT_OPTIONS,
  },
  example: "moult login moult.example.org --email ada@example.org",
  run: async (context, { options, positionals: [server] }) => {
    const { terminal, environment, signal } = context;
    const email = options.email;
    const given = options["api-key"];
    if (given !== undefined && (email !== undefined || options["password-stdin"]))
      throw usageError("--api-key goes without --email and --password-stdin.");
    const met = await contact(context, server, options);
    const { certificateAuthority } = met;

    const me =
      given === undefined
        ? await storeKeyFor(context, met, async (client) => {
            const address = email ?? (await ask(context, "E-mail address: ", "the e-mail address"));
            const password = await readPassword(context, options["password-stdin"]);
            return client.call("signIn", { body: { email: address, password } }, { signal });
          })
        : await storeGivenKey(given === "-" ? await terminal.readInput() : given);
    if (context.isJson) printJson(terminal, me);
    else {
      terminal.out(plainText(`Signed in to ${met.server} as ${me.name} (${me.role}).`));
      terminal.err(`The API key is in ${sessionPath(environment)}.`);
    }

    async function storeGivenKey(apiKey: string) {
      const found = await clientOf(met.server, { kind: "api-key", apiKey }).call(
        "showMe",
        {},
        { signal },
      );
      await writeSession(environment, {
        server: met.server,
        apiKey,
        ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      });
      return found;
    }
  },
});
