import { createHash } from "node:crypto";
import { setDefaultCACertificates } from "node:tls";
import { createClient, type Client } from "@moult/client";
import * as z from "zod";
import { rootOf, setUpTrust, type LocalTrust } from "./local-trust.ts";
import type { LocalServer } from "./local-server.ts";
import { words, type MoultCommand } from "./moult-command.ts";

export const ADMINISTRATOR = {
  email: "admin@example.org",
  password: "feathers, a few at a time",
} as const;

/** Who runs a new server: by the operator API, with a key of its own, and with the keys that sign releases. */
export interface Administrator {
  readonly client: Client;
  readonly trust: LocalTrust;
}

/** Sets a new server up with the command line tool, and gives it a root of trust that the tool takes over. */
export async function setUpAdministrator(
  server: LocalServer,
  moult: MoultCommand,
): Promise<Administrator> {
  await signUp(server, moult);
  const client = await clientOf(server, moult);
  const trust = await setUpTrust(client);
  await joinTrust(client, moult);
  return { client, trust };
}

/** The command line tool verifies from now on what the server has, from the root that it has now. */
export async function joinTrust(client: Client, moult: MoultCommand): Promise<void> {
  const digest = createHash("sha256")
    .update(await rootOf(client))
    .digest("hex");
  await moult.ok(words`trust join --root-sha256 ${digest}`);
}

/** Makes the first administrator of a new server, as whom the command line tool is signed in then. */
export async function signUp(server: LocalServer, moult: MoultCommand): Promise<void> {
  const code = await server.setupCode();
  const trust =
    server.certificateAuthority === undefined
      ? []
      : ["--certificate-authority", server.certificateAuthorityFile];
  await moult.ok(
    [
      ...words`setup ${server.url} --code ${code} --name Admin --email ${ADMINISTRATOR.email}`,
      ...trust,
      "--password-stdin",
    ],
    `${ADMINISTRATOR.password}\n`,
  );
}

/** A client of the operator API with a key of its own, by the word of whoever is signed in. */
export async function clientOf(server: LocalServer, moult: MoultCommand): Promise<Client> {
  const created = await moult.json(words`api-key create local --role admin`);
  const { secret } = z.object({ secret: z.string() }).parse(created);
  if (server.certificateAuthority !== undefined)
    setDefaultCACertificates([server.certificateAuthority]);
  return createClient({ baseUrl: server.url, credentials: { kind: "api-key", apiKey: secret } });
}
