import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { ADMINISTRATOR, setUpAdministrator } from "../../tools/local/administrator.ts";
import { createLocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import {
  SERVER_BUNDLE,
  startLocalServer,
  type LocalServer,
} from "../../tools/local/local-server.ts";
import { createMoultCommand, words } from "../../tools/local/moult-command.ts";

let folder: string;
let server: LocalServer | undefined;
let agent: LocalProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-installed-"));
});
afterEach(async () => {
  await agent?.stop();
  await server?.stop();
  agent = undefined;
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Its own database on the PostgreSQL of this test run. */
async function createPostgresDatabase(): Promise<string> {
  const [url = ""] = inject("postgresUrls");
  const name = `installed_${randomBytes(6).toString("hex")}`;
  const client = new Client({ connectionString: url.replace("{database}", "postgres") });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return url.replace("{database}", name);
}

test.each([
  ["SQLite", () => Promise.resolve("sqlite")],
  ["PostgreSQL", createPostgresDatabase],
])(
  "the server as it is installed, on %s, makes its certificate, signs people in, and a device obeys it",
  async (_, database) => {
    server = await startLocalServer({
      dataFolder: join(folder, "data"),
      program: SERVER_BUNDLE,
      settings: { MOULT_DATABASE_URL: await database() },
    });
    const moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
    const { client } = await setUpAdministrator(server, moult);
    await moult.ok(
      words`login ${server.url} --email ${ADMINISTRATOR.email} --password-stdin
    --certificate-authority ${server.certificateAuthorityFile}`,
      `${ADMINISTRATOR.password}\n`,
    );
    await moult.ok(words`product create gateway`);
    const token = await moult.ok(words`enrolment-token create --product gateway --accepts`);
    await moult.ok(
      words`device provision --product gateway --hardware-type board --enrolment-token -
      --out provisioning.json`,
      token,
    );
    const device = await createLocalDevice({ root: join(folder, "device"), serial: "1" });
    await device.runAside("provision", join(folder, "provisioning.json"));
    agent = await device.start();

    const link = await waitFor(
      "the device to obey an answer",
      async () => {
        const status = JSON.parse(await device.runAside("status", "--json")) as {
          readonly link: { readonly generation: number; readonly refusals: number };
        };
        return status.link.generation > 0 ? status.link : undefined;
      },
      30_000,
    );
    expect(link.refusals).toBe(0);
    const { items } = await client.call("listDevices", { query: { state: "accepted" } });
    expect(items).toHaveLength(1);
    const page = await fetch(`${server.url}/`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringMatching(/^text\/html/),
    ]);
  },
);
