import { usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs, OptionValues } from "../command-line/command.ts";
import { readText } from "../files/read-text.ts";
import { readAuthority } from "../session/certificate-authority.ts";
import { isExposed, serverAddress } from "../session/server-address.ts";

/** How a command meets the server that it imports from. A password or token is never an argument: others see those. */
export const PEER_OPTIONS = {
  user: {
    type: "string",
    value: "NAME",
    help: "Who signs in there; else MOULT_IMPORT_USER, or it is asked for",
  },
  "password-file": {
    type: "string",
    value: "FILE",
    help: "Holds the password; else MOULT_IMPORT_PASSWORD, or it is asked for",
  },
  "token-file": {
    type: "string",
    value: "FILE",
    help: "Holds an access token instead of user and password; else MOULT_IMPORT_TOKEN",
  },
  "certificate-authority": {
    type: "string",
    value: "FILE",
    help: "PEM certificate of the authority that vouches for that server",
  },
} as const satisfies OptionSpecs;

type PeerValues = OptionValues<typeof PEER_OPTIONS>;

type PeerCredentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "password"; readonly user: string; readonly password: string };

export interface Peer {
  readonly server: string;
  readonly credentials: PeerCredentials;
  readonly authority: string | undefined;
}

/** The server that is named, and who asks. */
export async function peerOf(
  context: CommandContext,
  address: string,
  options: PeerValues,
): Promise<Peer> {
  const server = serverAddress(address);
  if (isExposed(server))
    context.terminal.err(
      "Warning: this address is not encrypted; whoever listens on the way can take your password.",
    );
  const file = options["certificate-authority"];
  const authority = file === undefined ? undefined : await readAuthority(file);
  return { server, credentials: await credentialsOf(context, options), authority };
}

async function credentialsOf(
  context: CommandContext,
  options: PeerValues,
): Promise<PeerCredentials> {
  const { environment } = context;
  const token = await given(options["token-file"], environment["MOULT_IMPORT_TOKEN"]);
  if (token !== undefined) {
    if (options.user !== undefined || options["password-file"] !== undefined)
      throw usageError("A token goes without a user and a password.");
    return { kind: "token", token };
  }
  const user =
    options.user ??
    (await given(undefined, environment["MOULT_IMPORT_USER"])) ??
    (await asked(context, "ask", "User there: ", "--user NAME, or MOULT_IMPORT_USER"));
  const password =
    (await given(options["password-file"], environment["MOULT_IMPORT_PASSWORD"])) ??
    (await asked(
      context,
      "askSecret",
      `Password of ${user} there: `,
      "MOULT_IMPORT_PASSWORD, or --password-file FILE",
    ));
  return { kind: "password", user, password };
}

async function given(
  file: string | undefined,
  variable: string | undefined,
): Promise<string | undefined> {
  if (file !== undefined) return (await readText(file)).trim();
  return variable === "" ? undefined : variable;
}

function asked(
  { terminal }: CommandContext,
  kind: "ask" | "askSecret",
  question: string,
  instead: string,
): Promise<string> {
  if (!terminal.canAsk)
    throw usageError(`Nobody is here to type it: ${question.trim()}`, `Give ${instead}.`);
  return terminal[kind](question);
}

export const basic = (user: string, password: string): `Basic ${string}` =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
