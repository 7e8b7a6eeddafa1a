import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@moult/client";
import { afterAll, beforeAll } from "vitest";
import * as z from "zod";
import { ADMINISTRATOR } from "../../tools/local/administrator.ts";
import { untilDevices } from "../../tools/console/fill-console.ts";
import { createLocalDevice } from "../../tools/local/local-agent.ts";
import type { LocalProcess } from "../../tools/local/local-process.ts";
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
  readonly agents: LocalProcess[];
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
    own = { folder, server, agents: [], ...(await administer(folder, server)) };
    await own.moult.ok(words`product create ${PRODUCT}`);
  });
  const open = useBrowser(() => ({
    url: world().server.url,
    certificateAuthority: world().server.certificateAuthority ?? "",
  }));
  afterAll(async () => {
    await Promise.all((own?.agents ?? []).map((agent) => agent.stop()));
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

/** A real agent of the product, accepted at once; it ends with the server. */
export async function startAgent({ folder, moult, client, agents }: SignedWorld) {
  const secret = await moult.ok(
    words`enrolment-token create --product ${PRODUCT} --accepts --label agent`,
  );
  const file = join(folder, "provisioning.json");
  await moult.ok(
    words`device provision --product ${PRODUCT} --hardware-type pump-board --out ${file}
      --enrolment-token -`,
    secret,
  );
  const device = await createLocalDevice({ root: join(folder, "device"), serial: "pump-1" });
  await device.runAside("provision", file);
  agents.push(await device.start());
  return { deviceId: await untilDevices(client, PRODUCT, 1) };
}
