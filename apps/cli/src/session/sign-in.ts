import { hostname } from "node:os";
import { ApiProblem, createCookieJar, type Client, type Reply } from "@moult/client";
import { usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs } from "../command-line/command.ts";
import { readAuthority } from "./certificate-authority.ts";
import { clientOf, trust } from "./connect.ts";
import { meetServer } from "./first-contact.ts";
import { isExposed, serverAddress } from "./server-address.ts";
import { readSession, writeSession } from "./stored-session.ts";

/** Options of the commands that meet a server for the first time. */
export const CONTACT_OPTIONS = {
  "certificate-authority": {
    type: "string",
    value: "FILE",
    help: "PEM certificate of the authority that vouches for the server",
  },
  "trust-fingerprint": {
    type: "string",
    value: "SHA256",
    help: "Trust the authority that the server presents if it has this fingerprint",
  },
} as const satisfies OptionSpecs;

/** Of a key that is made at sign-in: long enough not to be in the way, short enough not to be forgotten for ever. */
const KEY_DAYS = 90;
const KEY_NAME_CHARACTERS_MAX = 64;

/** A server that was met, with a client that has not said who it is. */
export interface Contact {
  readonly server: string;
  readonly certificateAuthority: string | undefined;
  readonly client: Client;
}

type Me = Reply<"showMe">;

/** The server named by the word, the environment, the last sign-in, or the person; met, and believed. */
export async function contact(
  context: CommandContext,
  word: string | undefined,
  options: {
    readonly "certificate-authority": string | undefined;
    readonly "trust-fingerprint": string | undefined;
  },
): Promise<Contact> {
  const { environment, terminal } = context;
  const stored = await readSession(environment);
  const named = word ?? environment["MOULT_SERVER"] ?? stored?.server;
  const server = serverAddress(named ?? (await ask(context, "Server address: ", "the server")));
  if (isExposed(server))
    terminal.err(
      "Warning: this address is not encrypted; whoever listens on the way can take your key.",
    );
  const file = options["certificate-authority"];
  const known = file === undefined ? undefined : await readAuthority(file);
  const remembered = stored?.server === server ? stored.certificateAuthority : undefined;
  const trusted = await trust(known === undefined ? environment : {}, known ?? remembered);
  const client = clientOf(server, { kind: "none" });
  const agreed = await meetServer(context, client, server, options["trust-fingerprint"]);
  return { server, certificateAuthority: agreed ?? trusted, client };
}

/** Runs `enter` (sign in, or set up) in a session that ends here; what stays on this machine is an API key. */
export async function storeKeyFor(
  context: CommandContext,
  { server, certificateAuthority }: Contact,
  enter: (client: Client) => Promise<Me>,
): Promise<Me> {
  const { environment, signal } = context;
  const before = await readSession(environment);
  const client = clientOf(server, { kind: "cookies", jar: createCookieJar() });
  const me = await enter(client);
  const name = `moult on ${hostname()}`.slice(0, KEY_NAME_CHARACTERS_MAX);
  const body = { name, role: me.role, expiresInDays: KEY_DAYS };
  const { key, secret } = await client.call("createApiKey", { body }, { signal });
  try {
    await writeSession(environment, {
      server,
      apiKey: secret,
      apiKeyId: key.id,
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    });
  } catch (error) {
    await deleteKey(client, key.id, signal);
    throw error;
  }
  // The key of the last sign-in is in no file any more.
  if (before?.server === server && before.apiKeyId !== undefined)
    await deleteKey(client, before.apiKeyId, signal);
  await client.call("signOut", {}, { signal });
  return me;
}

/** Deletes a key of the caller's; one that is gone already is fine. */
export async function deleteKey(client: Client, keyId: string, signal: AbortSignal): Promise<void> {
  try {
    await client.call("deleteApiKey", { params: { keyId } }, { signal });
  } catch (error) {
    if (!(error instanceof ApiProblem && error.code === "not-found")) throw error;
  }
}

/** What was given, or what the person types. */
export async function ask(
  { terminal }: CommandContext,
  question: string,
  what: string,
): Promise<string> {
  if (!terminal.canAsk)
    throw usageError(`Nobody is here to type ${what}.`, "Give it as an option.");
  const answer = (await terminal.ask(question)).trim();
  if (answer === "") throw usageError(`${what} is empty.`);
  return answer;
}

/** From standard input with `--password-stdin`, else typed without being shown. */
export async function readPassword(
  { terminal }: CommandContext,
  fromInput: boolean,
): Promise<string> {
  if (fromInput) return terminal.readInput();
  if (!terminal.canAsk)
    throw usageError("Nobody is here to type the password.", "Pipe it in with --password-stdin.");
  return terminal.askSecret("Password: ");
}
