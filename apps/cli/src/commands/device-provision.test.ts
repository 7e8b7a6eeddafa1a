import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Provisioning } from "@moult/device-protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMoult, signedInTo, type CliOptions } from "../cli.fixture.ts";
import { DEVICE_ID, product } from "../model.fixture.ts";
import { startTrustServer, type TrustServer } from "../trust-server.fixture.ts";

const publicKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .publicKey.export({ type: "spki", format: "pem" })
  .toString()
  .trim();
const system = {
  version: "0.1.0",
  tenantId: DEVICE_ID,
  publicUrl: "https://moult.example.org",
  certificateAuthority: "-----BEGIN CERTIFICATE-----",
  instructionKeys: ["-----BEGIN PUBLIC KEY-----"],
  checkInSeconds: 60,
  downloads: { agent: null, cli: null },
};

let folder = "";
let server: TrustServer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-provision-"));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const moult = (line: string, options: CliOptions = {}) =>
  runMoult(line.split(" "), {
    environment: {
      ...signedInTo(server, join(folder, "home")),
      MOULT_TRUST_PASSPHRASE: "correct horse battery",
    },
    ...options,
  });
const file = (): string => join(folder, "p.json");
const written = (): unknown => JSON.parse(readFileSync(file(), "utf8"));
const provision = (more = "", options: CliOptions = {}) =>
  moult(
    `device provision --product gw2 --hardware-type board --out ${file()}${more === "" ? "" : ` ${more}`}`,
    options,
  );

async function serving(
  fields: Parameters<typeof product>[0] = {},
  systemFields = {},
): Promise<void> {
  server = await startTrustServer({
    showSystem: () => ({ ...system, ...systemFields }),
    showProduct: () => product(fields),
  });
  expect((await moult("trust init --development --yes")).code).toBe(0);
}

test("a provisioning file is one that the agent accepts and nobody else can read", async () => {
  await serving({ requireSignature: true, artifactKeys: [publicKey] });

  const { code } = await provision("--channel dev --enrolment-token -", { input: "secret-token" });

  expect(code).toBe(0);
  expect(Provisioning.parse(written())).toEqual({
    version: 1,
    server: {
      url: "https://moult.example.org",
      certificateAuthority: "-----BEGIN CERTIFICATE-----",
    },
    tenantId: DEVICE_ID,
    product: "gw2",
    hardwareType: "board",
    pathPrefix: "gw2/dev/",
    root: String(server.files.get("1.root.json")),
    artifactKeys: [publicKey],
    enrolmentToken: "secret-token",
  });
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test("a device is provisioned with the newest root that this machine has verified", async () => {
  await serving();
  await moult("trust propose --renew root --sign --yes");

  const { out } = await provision();

  expect(out).toContain("your root, version 2");
  expect(written()).toMatchObject({ root: String(server.files.get("2.root.json")) });
});

test("a root that does not follow from this machine's is put on no device", async () => {
  await serving();
  const before = new Map(server.files);
  await moult("trust propose --renew root --sign --yes");
  server.files.set("2.root.json", before.get("1.root.json") ?? Buffer.of());
  rmSync(join(folder, "home/moult/trust", new URL(server.url).host.replace(":", "_"), "metadata"), {
    recursive: true,
  });

  const { code, err } = await provision();

  expect(code).toBe(1);
  expect(err).toContain("does not follow from your root of trust");
});

test("without a rule about signatures no artifact keys are named, unless some are given", async () => {
  await serving({ artifactKeys: [publicKey] });
  await provision();
  expect(written()).toMatchObject({ artifactKeys: [] });

  writeFileSync(join(folder, "key.pem"), publicKey);
  await provision(`--force --artifact-key ${join(folder, "key.pem")}`);
  expect(written()).toMatchObject({ artifactKeys: [publicKey] });
});

test("a file that is there stays, and the server is not asked for nothing", async () => {
  await serving();
  await provision();
  const asked = server.asked.length;

  const { code, err } = await provision();

  expect(code).toBe(1);
  expect(err).toContain("--force");
  expect(server.asked).toHaveLength(asked);
});

test("what the device would refuse is refused here", async () => {
  await serving({}, { publicUrl: "ftp://a.example" });

  const { code, err } = await provision();

  expect(code).toBe(2);
  expect(err).toContain("url");
});

test("no device is made that trusts nobody", async () => {
  server = await startTrustServer({ showSystem: () => system, showProduct: () => product() });

  const { code, err } = await provision();

  expect(code).toBe(1);
  expect(err).toContain("moult trust init");
});
