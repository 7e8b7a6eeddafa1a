import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tufKeyOf } from "@moult/signing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signUp } from "../../tools/local/administrator.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";
import { TOKEN_PIN, createSoftToken, type SoftToken } from "./soft-token.fixture.ts";

// No private key in a file: people's keys and the server's are on a PKCS#11 token, from the first root to a release. The
// tests build on each other.

const PEOPLE = ["root-a", "root-b", "targets", "release"] as const;
const ONLINE = ["snapshot", "timestamp", "instruction"] as const;

let folder = "";
let token: SoftToken;
let server: LocalServer;
let moult: MoultCommand;
const keyids = new Map<string, string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-tokens-"));
  token = createSoftToken(join(folder, "token"));
  for (const [index, name] of [...PEOPLE, ...ONLINE].entries()) {
    const kind = index % 2 === 0 ? "ed25519" : "ecdsa-p256";
    keyids.set(name, tufKeyOf(token.addKey(name, `0${index + 1}`, kind)).keyid);
  }
  const ofServer = ONLINE.map((use) => [
    `MOULT_SIGNER_${use.toUpperCase()}_KEY`,
    token.uri(`object=${use}`, `&pin-source=file:${token.pinFile}`),
  ]);
  server = await startLocalServer({
    dataFolder: join(folder, "server"),
    settings: { ...(Object.fromEntries(ofServer) as Record<string, string>), ...token.environment },
  });
  moult = createMoultCommand({
    home: join(folder, "home"),
    cwd: folder,
    environment: { ...token.environment, MOULT_PKCS11_PIN: TOKEN_PIN },
  });
  await signUp(server, moult);
  await moult.ok(words`product create gw2`);
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Status {
  readonly roles: readonly { readonly name: string; readonly keys: readonly string[] }[];
  readonly findings: readonly unknown[];
}

test("the first root is signed on the token, and names the server's keys that are there too", async () => {
  for (const name of PEOPLE)
    await moult.ok(["trust", "key", "add", name, token.uri(`object=${name}`)]);

  await moult.ok(
    words`trust init --product gw2/dev --root-key root-a --root-key root-b --targets-key targets
      --channel-key release --yes`,
  );

  const { roles } = (await moult.json(words`trust status`)) as Status;
  const of = (name: string) => roles.find((role) => role.name === name)?.keys;
  expect(of("root")).toEqual(["root-a", "root-b"]);
  expect(of("gw2.dev")).toEqual(["release"]);
  for (const use of ONLINE) expect(of(use)).toEqual([keyids.get(use)?.slice(0, 16)]);
});

test("a release is signed on the token, and the server's snapshot of it as well", async () => {
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/run.sh"), "exec sleep 1000\n");
  await moult.ok(
    words`artifact create --type app --dir app --app-name web --command sh --command run.sh
      --name 1.4.0 --hardware-type board --out 1.4.0.mender`,
  );

  const out = await moult.ok(
    words`release upload --product gw2 --channel dev 1.4.0.mender --sign --yes`,
  );

  expect(out).toContain("Published: gw2.dev.");
  expect(await moult.ok(words`trust status --targets`)).toContain("gw2/dev/1.4.0/");
});

test("the PIN is in no file of the command line's, and in none of the server's logs", async () => {
  const found = execFileSync("grep", ["-rl", TOKEN_PIN, folder], { encoding: "utf8" });
  expect(found.trim()).toBe(token.pinFile);
});
