import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { splitCommand } from "./command-signer.ts";
import { isSignatureOf, tufKeyOf, type NamedKey } from "./key-material.ts";
import { openKeySigner, type KeySignerOptions } from "./open-key-signer.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-command-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const message = Buffer.from("what is signed");

/** A program that holds the key in a file beside it, as somebody's own service would. */
function program(privateKey: KeyObject, body: string): string {
  const pem = join(folder, "key.pem");
  writeFileSync(pem, privateKey.export({ format: "pem", type: "pkcs8" }));
  const path = join(folder, "sign it.mjs");
  writeFileSync(
    path,
    `#!${process.execPath}
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
const key = createPrivateKey(readFileSync(${JSON.stringify(pem)}));
${body}
`,
  );
  chmodSync(path, 0o755);
  return path;
}

const READ = `const message = readFileSync(0);`;
const options = (expected: NamedKey): KeySignerOptions => ({
  passphrase: () => Promise.reject(new Error("a command needs no passphrase")),
  pin: () => Promise.reject(new Error("a command needs no PIN")),
  expected,
});

describe("a command signs", () => {
  const ed25519 = generateKeyPairSync("ed25519");
  const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  test.each([
    ["Ed25519", ed25519, "sign(null, message, key)"],
    ["ECDSA in DER", p256, `sign("sha256", message, key)`],
    ["ECDSA as two numbers", p256, `sign("sha256", message, { key, dsaEncoding: "ieee-p1363" })`],
  ])("by %s", async (_case, { privateKey, publicKey }, call) => {
    const path = program(privateKey, `${READ} process.stdout.write(${call});`);
    const key = tufKeyOf(publicKey);

    const signer = await openKeySigner(`command:'${path}'`, options(key));

    expect(isSignatureOf(key, message, await signer.sign(message))).toBe(true);
  });

  test("and is told the key and its arguments, but gets no shell", async () => {
    const key = tufKeyOf(ed25519.publicKey);
    const path = program(
      ed25519.privateKey,
      `${READ}
if (process.argv[2] !== "$(id)" || process.env.MOULT_KEYID !== ${JSON.stringify(key.keyid)}) process.exit(1);
if (process.env.MOULT_SCHEME !== "ed25519") process.exit(1);
process.stdout.write(sign(null, message, key));`,
    );
    const signer = await openKeySigner(`command:"${path}" '$(id)'`, options(key));
    expect((await signer.sign(message)).length).toBe(64);
  });
});

describe("a command is refused", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = tufKeyOf(publicKey);
  test.each([
    ["that signs with another key", `process.stdout.write(Buffer.alloc(64));`, "signature-wrong"],
    ["that prints nothing", ``, "signature-wrong"],
    ["that ends badly", `process.exit(3);`, "command-failed"],
    [
      "that prints without end",
      `for (;;) process.stdout.write("x".repeat(1000));`,
      "command-failed",
    ],
    [
      "that was killed",
      `process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 60_000);`,
      "command-failed",
    ],
  ])("%s", async (_case, body, code) => {
    const signer = await openKeySigner(`command:'${program(privateKey, body)}'`, options(key));
    await expect(signer.sign(message)).rejects.toMatchObject({ code });
  });

  test("that is not there", async () => {
    const signer = await openKeySigner(`command:${folder}/nothing`, options(key));
    await expect(signer.sign(message)).rejects.toMatchObject({ code: "command-failed" });
  });

  test("that does not end in time", async () => {
    const { commandSigner } = await import("./command-signer.ts");
    const path = program(privateKey, `setTimeout(() => {}, 60_000);`);
    const signer = commandSigner(path, [], key, { timeLimitMs: 200 });
    await expect(signer.sign(message)).rejects.toMatchObject({
      code: "command-failed",
      context: { reason: "it did not end in time" },
    });
  });

  test("without its public key", async () => {
    const opening = openKeySigner("command:sign", { ...options(key), expected: undefined });
    await expect(opening).rejects.toMatchObject({ code: "key-reference-invalid" });
  });
});

test.each([
  ["sign --key ci", ["sign", "--key", "ci"]],
  [`'/opt/my tools/sign' "two words" x`, ["/opt/my tools/sign", "two words", "x"]],
  [`sign --label="a b"`, ["sign", "--label=a b"]],
])("the words of %s", (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});

test.each(["", "  ", "sign 'open", `sign "open`])("the command line %j is refused", (text) => {
  expect(() => splitCommand(text)).toThrow("key-reference-invalid");
});
