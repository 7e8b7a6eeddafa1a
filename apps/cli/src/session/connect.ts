import { createClient, type Client, type Credentials } from "@moult/client";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { VERSION } from "../version.ts";
import { readAuthority, trustOnly } from "./certificate-authority.ts";
import { serverAddress } from "./server-address.ts";
import { readSession } from "./stored-session.ts";

/** A client of the server that is signed in to, or that the environment names. */
export async function connect(context: CommandContext): Promise<Client> {
  return (await connectTo(context)).client;
}

/** The same, with the address of the server. */
export async function connectTo({
  environment,
}: CommandContext): Promise<{ readonly client: Client; readonly server: string }> {
  const named = environment["MOULT_SERVER"];
  const stored = await readSession(environment);
  const server = named === undefined || named === "" ? stored?.server : serverAddress(named);
  if (server === undefined)
    throw new CliError("not-signed-in", "You are not signed in.", {
      hint: "Sign in with `moult login ADDRESS`, or set MOULT_SERVER and MOULT_API_KEY.",
    });
  // A key goes to the server that it was made by, and to no other that the environment happens to name.
  const ofServer = stored?.server === server ? stored : undefined;
  const apiKey = environment["MOULT_API_KEY"] ?? ofServer?.apiKey;
  if (apiKey === undefined || apiKey === "")
    throw new CliError("not-signed-in", `There is no API key for ${server}.`, {
      hint: `Sign in with \`moult login ${server}\`, or set MOULT_API_KEY.`,
    });
  await trust(environment, ofServer?.certificateAuthority);
  return { client: clientOf(server, { kind: "api-key", apiKey }), server };
}

/** Believes the authority that the environment names, else the stored one, else those that this machine knows. */
export async function trust(
  environment: CommandContext["environment"],
  stored: string | undefined,
): Promise<string | undefined> {
  const path = environment["MOULT_CA"];
  const authority = path === undefined || path === "" ? stored : await readAuthority(path);
  if (authority !== undefined) trustOnly(authority);
  return authority;
}

export const clientOf = (baseUrl: string, credentials: Credentials): Client =>
  createClient({ baseUrl, credentials, userAgent: `moult/${VERSION}` });
