import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@moult/client";
import { afterAll, beforeAll } from "vitest";
import * as z from "zod";
import { ADMINISTRATOR } from "../../tools/local/administrator.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";
import { useBrowser } from "./console-page.fixture.ts";

/** A server on which nothing is signed yet, and the machine of somebody who will have keys. */
export interface SignedWorld {
  readonly folder: string;
  readonly server: LocalServer;
  /** Has the keys, once they are made. */
  readonly moult: MoultCommand;
  readonly client: Client;
}

export const PRODUCT = "pump";
const PASSPHRASE = "moulting season";

/** A server of a file's own with one product; signing is set up by the command line tool when a test does so. */
export function useSignedConsole() {
  let folder = "";
  let own: SignedWorld | undefined;
  const world = (): SignedWorld => {
    if (own === undefined) throw new Error("the server is started before the tests");
    return own;
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "moult-signed-"));
    const server = await startLocalServer({ dataFolder: join(folder, "server") });
    own = { folder, server, ...(await administer(folder, server)) };
    await own.moult.ok(words`product create ${PRODUCT}`);
  });
  const open = useBrowser(() => ({
    url: world().server.url,
    certificateAuthority: world().server.certificateAuthority ?? "",
  }));
  afterAll(async () => {
    await own?.server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { world, open };
}

async function administer(folder: string, server: LocalServer) {
  const moult = createMoultCommand({
    home: join(folder, "home"),
    cwd: folder,
    environment: { MOULT_TRUST_PASSPHRASE: PASSPHRASE },
  });
  const code = await server.setupCode();
  await moult.ok(
    words`setup ${server.url} --code ${code} --name Admin --email ${ADMINISTRATOR.email}
      --certificate-authority ${server.certificateAuthorityFile} --password-stdin`,
    `${ADMINISTRATOR.password}\n`,
  );
  const created = await moult.json(words`api-key create tests --role admin`);
  const { secret } = z.object({ secret: z.string() }).parse(created);
  const client = createClient({
    baseUrl: server.url,
    credentials: { kind: "api-key", apiKey: secret },
  });
  return { moult, client };
}

/** An artifact of one small file, uploaded and not signed; its file. */
export async function uploadArtifact({ folder, moult }: SignedWorld, version: string) {
  const payload = join(folder, `payload-${version}`);
  const file = `${PRODUCT}-${version}.mender`;
  await writeFile(payload, `${PRODUCT} ${version}\n`);
  await moult.ok(
    words`artifact create ${payload} --type single-file --dest-dir /srv --name ${version}
      --hardware-type pump-board --out ${file}`,
  );
  await moult.ok(words`release upload --product ${PRODUCT} ${file}`);
  return file;
}

export const Status = z.object({ rootSha256: z.string(), rootVersion: z.number() });
