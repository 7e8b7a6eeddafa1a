import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateSigningKey, signerFromPem } from "@moult/artifact";
import { Sha256 } from "@moult/model";
import { afterEach, expect, test, vi } from "vitest";
import {
  aDevice,
  buildArtifact,
  offerOf,
  type ArtifactParts,
  type BuiltArtifact,
  type TestDevice,
} from "./device.fixture.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;

afterEach(async () => {
  await device.close();
});

const single = (parts: Partial<ArtifactParts> = {}) =>
  buildArtifact({
    name: "conf-2",
    type: "single-file",
    files: { dest_dir: "/etc/thing\n", filename: "conf\n", permissions: "644\n", conf: "new" },
    ...parts,
  });

/** Nothing may have been written below the target, and nothing left behind. */
async function expectUntouched(): Promise<void> {
  expect(await readdir(device.root)).not.toContain("etc");
  expect(device.runner.running().artifactName).toBe("factory-1");
  const left = (await readdir(device.paths.dataDir)).filter((name) => name !== "logs");
  expect(left.toSorted()).toEqual(
    [
      "modules",
      "update-state.reserve",
      "update-state.v1.json",
      "update-state.v1.previous.json",
    ].filter((name) => name !== "modules" || left.includes("modules")),
  );
}

test.each<[string, Partial<ArtifactParts>, string, RegExp]>([
  [
    "other hardware",
    { deviceTypes: ["toaster"] },
    "artifact-incompatible",
    /device_type .* toaster; here it is gw2/,
  ],
  [
    "other software",
    { dependsOnNames: ["conf-1"] },
    "artifact-incompatible",
    /artifact_name .* conf-1; here it is factory-1/,
  ],
  ["no installer", { type: "teleport" }, "payload-type-unsupported", /payload type teleport/],
])("an artifact for %s is rejected", async (_, parts, code, detail) => {
  device = await aDevice();
  const report = await device.update(await single(parts));

  expect(report).toMatchObject({
    outcome: "rejected",
    code,
    detail: expect.stringMatching(detail),
  });
  await expectUntouched();
});

test("an artifact with another name than the instruction's is rejected", async () => {
  device = await aDevice();
  const report = await device.update(await single(), { artifactName: "conf-3" });
  expect(report).toMatchObject({ outcome: "rejected", code: "artifact-name-mismatch" });
  await expectUntouched();
});

test("a file that is not the instructed one is rejected, whoever brought it", async () => {
  device = await aDevice();
  const artifact = await single();
  const other = await single({ provides: { other: "yes" } });
  const sha256 = Sha256.parse("cd".repeat(32));
  device.server.artifacts.set(sha256, other.bytes);
  await device.runner.offer(offerOf(artifact, { sha256, sizeBytes: other.bytes.length }));
  await device.runner.idle();

  expect(device.finished()).toMatchObject({ outcome: "rejected", code: "digest-mismatch" });
  await expectUntouched();
});

test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
  ["no artifact", () => Buffer.from("hello"), "artifact-invalid"],
  ["cut off", (bytes) => bytes.subarray(0, bytes.length - 3_000), "artifact-invalid"],
  ["empty", () => Buffer.alloc(0), "artifact-invalid"],
  ["changed in its payload", changedInPayload, "artifact-invalid"],
])("a file that is %s is rejected", async (_, change, code) => {
  device = await aDevice();
  const artifact = await single();
  const bytes = change(artifact.bytes);
  device.server.artifacts.set(artifact.sha256, bytes);
  await device.runner.offer(offerOf(artifact, { sizeBytes: bytes.length || 1 }));
  await device.runner.idle();

  expect(device.finished()).toMatchObject({ outcome: "rejected", code });
  await expectUntouched();
});

function changedInPayload(bytes: Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes);
  // The last entry is the compressed payload; its content begins after its header block.
  const header = changed.indexOf("data/0000.tar.gz");
  const at = header + 512 + 60;
  changed[at] = (changed[at] ?? 0) ^ 0xff;
  return changed;
}

test("with keys on the device only what one of them signed is installed", async () => {
  const [ours, theirs] = [
    await generateSigningKey("ecdsa-p256"),
    await generateSigningKey("ecdsa-p256"),
  ];
  device = await aDevice({ artifactKeys: [ours.publicKeyPem] });
  const signed = (pem: string): Promise<BuiltArtifact> => single({ signer: signerFromPem(pem) });

  expect(await device.update(await single())).toMatchObject({
    outcome: "rejected",
    code: "signature-missing",
  });
  expect(await device.update(await signed(theirs.privateKeyPem))).toMatchObject({
    outcome: "rejected",
    code: "signature-invalid",
  });
  await expectUntouched();
  expect(await device.update(await signed(ours.privateKeyPem))).toMatchObject({
    outcome: "succeeded",
  });
});

test("a payload with more bytes than this device takes is refused", async () => {
  device = await aDevice({ limits: { payloadBytesMax: 100 } });
  const files = { dest_dir: "/etc/thing\n", filename: "conf\n", conf: "x".repeat(200) };
  const report = await device.update(await single({ files }));

  expect(report).toMatchObject({ outcome: "failed", code: "payload-refused" });
  await expectUntouched();
});

test("a download that gave up is a failure, not a rejection", async () => {
  device = await aDevice();
  device.server.downloadable = Promise.reject(new Error("no route to host"));
  device.server.downloadable.catch(() => undefined);
  const report = await device.update(await single());

  expect(report).toMatchObject({ outcome: "failed", code: "download-failed" });
  await expectUntouched();
});

test("what an earlier, interrupted agent left in the work folders does not disturb the next update", async () => {
  device = await aDevice();
  await device.update(await single());
  await writeFile(join(device.paths.dataDir, ".update-state.v1.json.new"), "junk");
  expect(await device.update(await single({ name: "conf-3" }))).toMatchObject({
    outcome: "succeeded",
  });
});
