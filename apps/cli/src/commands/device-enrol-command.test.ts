import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMoult, signedInTo } from "../cli.fixture.ts";
import { AT } from "../model.fixture.ts";
import { startTrustServer, type TrustServer } from "../trust-server.fixture.ts";

let folder = "";
let server: TrustServer;
/** What the server puts into its command for the root of trust. */
let rootLines: (root: string) => string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-enrol-"));
  server = await startTrustServer({
    createEnrolmentCommand: () => ({
      token: {
        id: "0198c0de-0000-7000-8000-000000000001",
        label: "",
        product: "gw2",
        accepts: false,
        usesMax: 1,
        uses: 0,
        expiresAt: AT,
        createdAt: AT,
      },
      folder: "moult-gw2",
      command: `(set -eu\n${rootLines(String(server.files.get("1.root.json")))}\nexec node)\n`,
    }),
  });
  expect((await moult("trust init --development --yes")).code).toBe(0);
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const moult = (line: string) =>
  runMoult(line.split(" "), {
    environment: {
      ...signedInTo(server, join(folder, "home")),
      MOULT_TRUST_PASSPHRASE: "correct horse battery",
    },
  });
const enrolCommand = () => moult("device enrol-command --product gw2 --hardware-type laptop");
const block = (content: string): string => `cat > root.json <<'END'\n${content}\nEND`;

test("a command by the server is printed when it carries this machine's root, however it is laid out", async () => {
  rootLines = (root) => block(JSON.stringify(JSON.parse(root), null, 1));

  const { code, out } = await enrolCommand();

  expect(code).toBe(0);
  expect(out).toContain("cat > root.json");
});

test.each<[string, (root: string) => string]>([
  ["another root", (root) => block(root.replace('"version":1', '"version":2'))],
  ["no root", () => "true"],
  ["a second root after it", (root) => `${block(root)}\n${block("{}")}`],
])("a command with %s is not printed", async (_case, lines) => {
  rootLines = lines;

  const { code, out, err } = await enrolCommand();

  expect(code).toBe(1);
  expect(out).toBe("");
  expect(err).toContain("Do not run it");
});
