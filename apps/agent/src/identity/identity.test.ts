import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesFromBase64, present, utf8 } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, SIGNATURE_PURPOSE, signedMessage } from "@moult/device-protocol";
import { nodeCrypto } from "@moult/node-crypto";
import { Envelope, openEnvelope, preAuthenticationEncoding } from "@moult/trust";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SignedRepository } from "../../../../tests/system/signed-repository.fixture.ts";
import { TEST_AUTHORITY } from "../../../../tests/system/test-certificates.fixture.ts";
import { openDeviceKey } from "./device-key.ts";
import { readIdentity } from "./read-identity.ts";
import { installProvisioning, readProvisioning } from "./read-provisioning.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moult-identity-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const keyFile = (): string => join(root, "identity", "device-key.pem");
const openKey = (known?: string) => openDeviceKey(join(root, "identity"), known as never);

test("a device makes its key once, for nobody else to read, and keeps it", async () => {
  const first = await openKey();
  const second = await openKey(first.fingerprint);

  expect(second.publicKey).toBe(first.publicKey);
  expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, "identity"))).mode & 0o777).toBe(0o700);
});

test("what the key signs for one purpose is worth nothing for another", async () => {
  const key = await openKey();
  const verificationKey = {
    scheme: "ed25519",
    publicKey: present(bytesFromBase64(key.publicKey), "base64"),
  } as const;
  const payload = utf8('{"type":"receipt"}');
  const envelope = key.signEnvelope(RECEIPT_PAYLOAD_TYPE, payload);
  const opens = (text: string) =>
    openEnvelope(utf8(text), RECEIPT_PAYLOAD_TYPE, [verificationKey], nodeCrypto).kind;
  expect(opens(envelope)).toBe("verified");

  const signed = preAuthenticationEncoding(RECEIPT_PAYLOAD_TYPE, payload);
  const signature = present(Envelope.parse(JSON.parse(envelope)).signatures[0], "signed").sig;
  for (const purpose of Object.values(SIGNATURE_PURPOSE)) {
    // No body makes the text of a login out of the text of a receipt, or the other way round.
    expect(purpose.startsWith("DSSEv1") || "DSSEv1 ".startsWith(purpose)).toBe(false);
    expect(
      nodeCrypto.verify(
        verificationKey.scheme,
        verificationKey.publicKey,
        signedMessage(purpose, signed),
        present(bytesFromBase64(signature), "base64"),
      ),
    ).toBe(false);
    const asReceipt = JSON.parse(envelope) as { signatures: { sig: string }[] };
    asReceipt.signatures = [{ sig: key.sign(purpose, signed) }];
    expect(opens(JSON.stringify(asReceipt))).toBe("refused");
  }
});

test.each([
  ["is empty", ""],
  ["is cut short", "-----BEGIN PRIVATE KEY-----\nMC4CAQ"],
  [
    "is of another kind",
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
      format: "pem",
      type: "pkcs8",
    }),
  ],
])("a key file that %s stops the agent, and stays as it is", async (_case, content) => {
  await openKey();
  await writeFile(keyFile(), content);

  await expect(openKey()).rejects.toMatchObject({ code: "device-key-invalid" });

  expect(await readFile(keyFile(), "utf8")).toBe(content);
});

test("a device that had a key and cannot find it becomes no new device", async () => {
  const { fingerprint } = await openKey();
  await rm(join(root, "identity"), { recursive: true });
  await expect(openKey(fingerprint)).rejects.toMatchObject({ code: "device-key-missing" });
  await expect(stat(keyFile())).rejects.toThrow("ENOENT");
});

test("no key is made in a slot, which the next system replaces", async () => {
  const openWithSlotAt = (slotFolder: string) =>
    openDeviceKey(join(root, "not/mounted"), undefined, slotFolder);
  await expect(openWithSlotAt(root)).rejects.toMatchObject({ code: "identity-in-slot" });
  await expect(stat(join(root, "not"))).rejects.toThrow("ENOENT");
  await expect(openWithSlotAt("/proc")).resolves.toMatchObject({
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test("a key that is not the one this device enrolled with is refused", async () => {
  await openKey();
  await expect(openKey("ab".repeat(32))).rejects.toMatchObject({ code: "device-key-invalid" });
});

const p256 = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
    format: "pem",
    type: "spki",
  });
const repository = new SignedRepository();
const rootText = await repository.root();
const unsigned = (text: string): string =>
  JSON.stringify({ ...(JSON.parse(text) as object), signatures: [] });
/** As signed, with one thing changed. */
const rootWith = (change: object): string => {
  const file = JSON.parse(rootText) as { signed: object };
  return JSON.stringify({ ...file, signed: { ...file.signed, ...change } });
};
const good = () => ({
  version: 1,
  server: { url: "https://updates.example.com", certificateAuthority: TEST_AUTHORITY },
  tenantId: "0198c0de-0000-7000-8000-000000000002",
  product: "gw2",
  hardwareType: "gw2-rev-a",
  pathPrefix: "gw2/prod/",
  root: rootText,
  artifactKeys: [p256()],
  enrolmentToken: "s3cret-token",
});
const file = (): string => join(root, "etc/moult/provisioning.json");
const folders = () => ({ provisioningFile: file(), identityDir: join(root, "identity") });
const source = (content: unknown) => ({
  path: "/usb/provisioning.json",
  content: Buffer.from(typeof content === "string" ? content : JSON.stringify(content)),
});

test("a provisioning is checked, then written for the agent alone", async () => {
  await installProvisioning(source(good()), folders(), false);
  expect((await readProvisioning(file())).provisioning).toMatchObject({ product: "gw2" });
  expect((await stat(file())).mode & 0o777).toBe(0o600);
});

test.each<[string, unknown, string]>([
  ["text that is no JSON", '{"enrolmentToken":"s3cret-token",', "it is not JSON"],
  ["nothing", "", "it is not JSON"],
  ["no root", { ...good(), root: undefined }, "root"],
  ["a root that is no JSON", { ...good(), root: rootText.slice(1) }, "root"],
  [
    "a root that was changed after it was signed",
    { ...good(), root: rootWith({ version: 2 }) },
    "root",
  ],
  ["a root without its signatures", { ...good(), root: unsigned(rootText) }, "root"],
  ["an artifact key that cannot verify", { ...good(), artifactKeys: ["junk"] }, "artifactKeys.0"],
  [
    "an authority without a certificate",
    { ...good(), server: { ...good().server, certificateAuthority: "junk" } },
    "server.certificateAuthority",
  ],
  ["a setting it does not know", { ...good(), verifySignatures: false }, "verifySignatures"],
  ["a path prefix that is no folder", { ...good(), pathPrefix: "gw2" }, "pathPrefix"],
])(
  "a provisioning with %s stops the agent, names the place, and tells no secret",
  async (_case, content, place) => {
    const error: unknown = await installProvisioning(source(content), folders(), false).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: "provisioning-invalid" });
    expect(String(error)).toContain(place);
    expect(String(error)).not.toContain("s3cret-token");
    await expect(stat(file())).rejects.toThrow("ENOENT");
  },
);

test("a device without provisioning does not run with less", async () => {
  await expect(readProvisioning(file())).rejects.toMatchObject({ code: "provisioning-missing" });
});

test("whom a device trusts is replaced only when somebody says so", async () => {
  const first = good();
  await installProvisioning(source(first), folders(), false);
  await installProvisioning(source(first), folders(), false);
  await expect(installProvisioning(source(good()), folders(), false)).rejects.toMatchObject({
    code: "provisioning-exists",
  });
  const other = good();
  await installProvisioning(source(other), folders(), true);
  expect((await readProvisioning(file())).provisioning.artifactKeys).toEqual(other.artifactKeys);
});

const script = async (text: string): Promise<string> => {
  const path = join(root, "identity-script");
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
};

test("an identity script says who the device is, as Mender's do", async () => {
  const path = await script("echo serial=A-17; echo mac=00:11:22:33:44:55");
  expect(await readIdentity({ script: path })).toEqual({
    serial: "A-17",
    mac: "00:11:22:33:44:55",
  });
});

test.each([
  ["fails", "echo serial=A-17; exit 1"],
  ["prints nothing", "true"],
  ["prints too much", "yes serial=1"],
])("an identity script that %s gives the device no identity", async (_case, text) => {
  const path = await script(text);
  await expect(readIdentity({ script: path })).rejects.toMatchObject({
    code: "identity-unavailable",
  });
});

test("an identity script that is not there is named", async () => {
  await expect(readIdentity({ script: join(root, "none") })).rejects.toMatchObject({
    code: "identity-unavailable",
    context: { script: join(root, "none") },
  });
});
