import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSignatureOf, tufKeyOf } from "./key-material.ts";
import { openKeySigner } from "./open-key-signer.ts";

// A real PKCS#11 module, SoftHSM2, with a token in a folder of this test.

const MODULE = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
].find((path) => existsSync(path));
const PIN = "4711-secret";
const message = Buffer.from("what is signed");
let folder = "";
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const ed25519 = generateKeyPairSync("ed25519");

const util = (...args: readonly string[]): void => {
  execFileSync("softhsm2-util", args, { stdio: "pipe" });
};

beforeAll(() => {
  execFileSync(join(import.meta.dirname, "../../../tools/build-pkcs11.sh"));
  folder = mkdtempSync(join(tmpdir(), "moult-softhsm-"));
  mkdirSync(join(folder, "tokens"));
  const config = join(folder, "softhsm2.conf");
  writeFileSync(config, `directories.tokendir = ${folder}/tokens\nlog.level = ERROR\n`);
  process.env["SOFTHSM2_CONF"] = config;
  util("--init-token", "--free", "--label", "release keys", "--pin", PIN, "--so-pin", "12345678");
  for (const [label, id, { privateKey }] of [
    ["ci", "01", ed25519],
    ["person", "02", p256],
  ] as const) {
    const pem = join(folder, `${label}.pem`);
    writeFileSync(pem, privateKey.export({ format: "pem", type: "pkcs8" }));
    util("--import", pem, "--token", "release keys", "--label", label, "--id", id, "--pin", PIN);
  }
});
afterAll(() => {
  delete process.env["SOFTHSM2_CONF"];
  rmSync(folder, { recursive: true });
});

const uriOf = (rest: string): string =>
  `pkcs11:token=release%20keys;${rest}?module-path=${MODULE ?? "missing"}`;
const open = (uri: string, pin = PIN) =>
  openKeySigner(uri, {
    passphrase: () => Promise.reject(new Error("a token needs no passphrase")),
    pin: () => Promise.resolve(pin),
  });

describe("a key on a token", () => {
  test.each([
    ["Ed25519, found by its label", "object=ci", ed25519],
    ["ECDSA P-256, found by its id", "id=%02", p256],
  ])("of %s signs what its public half verifies", async (_case, rest, { publicKey }) => {
    const signer = await open(uriOf(rest));

    expect(signer.key).toEqual(tufKeyOf(publicKey));
    for (let round = 0; round < 50; round += 1) {
      const text = Buffer.from(`message ${round}`);
      expect(isSignatureOf(signer.key, text, await signer.sign(text))).toBe(true);
    }
  });

  test("takes its PIN from a file that the URI names", async () => {
    const pinFile = join(folder, "pin");
    writeFileSync(pinFile, `${PIN}\n`);
    const signer = await open(`${uriOf("object=ci")}&pin-source=file:${pinFile}`, "not asked");
    expect((await signer.sign(message)).length).toBe(64);
  });

  test.each([
    ["a label that no key has", uriOf("object=nobody"), "there is no such private key"],
    [
      "a token that is not there",
      uriOf("object=ci").replace("release", "other"),
      "there is no such token",
    ],
    [
      "a module that is not there",
      "pkcs11:object=ci?module-path=/nonexistent.so",
      "cannot be loaded",
    ],
    ["no module", "pkcs11:object=ci", "no PKCS#11 module is named"],
  ])("is not found by %s", async (_case, uri, reason) => {
    await expect(open(uri)).rejects.toMatchObject({
      code: "token-unavailable",
      context: { reason: expect.stringContaining(reason) as string },
    });
  });

  test("is not the one that was expected", async () => {
    const opening = openKeySigner(uriOf("object=ci"), {
      passphrase: () => Promise.resolve(""),
      pin: () => Promise.resolve(PIN),
      expected: tufKeyOf(p256.publicKey),
    });
    await expect(opening).rejects.toMatchObject({ code: "key-unusable" });
  });
});

test("a wrong PIN is refused, and is in no message", () => {
  // In a process of its own: once somebody is logged in to a token, the whole process is.
  const script = `
    import { openKeySigner } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
    try {
      await openKeySigner(process.argv[1], { passphrase: async () => "", pin: async () => "wrong-pin-0815" });
    } catch (error) {
      console.log(error.code, error.message, String(error.cause?.stack));
    }`;
  const { stdout } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script, uriOf("object=ci")],
    { encoding: "utf8" },
  );
  expect(stdout).toContain("token-unavailable");
  expect(stdout).toContain("CKR_PIN_INCORRECT");
  expect(stdout).not.toContain("0815");
});
