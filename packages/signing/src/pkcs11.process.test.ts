import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyObject } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  TOKEN_PIN,
  createSoftToken,
  type SoftToken,
} from "../../../tests/system/soft-token.fixture.ts";
import { isSignatureOf, tufKeyOf } from "./key-material.ts";
import { openKeySigner } from "./open-key-signer.ts";

const message = Buffer.from("what is signed");
let folder = "";
let token: SoftToken;
let publicKeys: Record<"ci" | "person", KeyObject>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-softhsm-"));
  token = createSoftToken(folder);
  Object.assign(process.env, token.environment);
  publicKeys = {
    ci: token.addKey("ci", "01", "ed25519"),
    person: token.addKey("person", "02", "ecdsa-p256"),
  };
});
afterAll(() => {
  delete process.env["SOFTHSM2_CONF"];
  rmSync(folder, { recursive: true });
});

const open = (uri: string, pin = TOKEN_PIN) =>
  openKeySigner(uri, {
    passphrase: () => Promise.reject(new Error("a token needs no passphrase")),
    pin: () => Promise.resolve(pin),
  });

describe("a key on a token", () => {
  test.each([
    ["Ed25519, found by its label", "object=ci", "ci"],
    ["ECDSA P-256, found by its id", "id=%02", "person"],
  ] as const)("of %s signs what its public half verifies", async (_case, rest, name) => {
    const signer = await open(token.uri(rest));

    expect(signer.key).toEqual(tufKeyOf(publicKeys[name]));
    for (let round = 0; round < 50; round += 1) {
      const text = Buffer.from(`message ${round}`);
      expect(isSignatureOf(signer.key, text, await signer.sign(text))).toBe(true);
    }
  });

  test("takes its PIN from a file that the URI names", async () => {
    const uri = token.uri("object=ci", `&pin-source=file:${token.pinFile}`);
    const signer = await open(uri, "not asked");
    expect((await signer.sign(message)).length).toBe(64);
  });

  test.each([
    ["a label that no key has", () => token.uri("object=nobody"), "there is no such private key"],
    [
      "a token that is not there",
      () => token.uri("object=ci").replace("release", "other"),
      "there is no such token",
    ],
    [
      "a module that is not there",
      () => "pkcs11:object=ci?module-path=/nonexistent.so",
      "cannot be loaded",
    ],
    ["no module", () => "pkcs11:object=ci", "no PKCS#11 module is named"],
  ])("is not found by %s", async (_case, uri, reason) => {
    await expect(open(uri())).rejects.toMatchObject({
      code: "token-unavailable",
      context: { reason: expect.stringContaining(reason) as string },
    });
  });

  test("is not the one that was expected", async () => {
    const opening = openKeySigner(token.uri("object=ci"), {
      passphrase: () => Promise.resolve(""),
      pin: () => Promise.resolve(TOKEN_PIN),
      expected: tufKeyOf(publicKeys.person),
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
    ["--input-type=module", "--eval", script, token.uri("object=ci")],
    { encoding: "utf8" },
  );
  expect(stdout).toContain("token-unavailable");
  expect(stdout).toContain("CKR_PIN_INCORRECT");
  expect(stdout).not.toContain("0815");
});
