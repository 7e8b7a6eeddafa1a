import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DAY_MS } from "@moult/base";
import { openFolderBlobs, type FolderBlobs } from "./blobs.ts";

let folder: string;
let blobs: FolderBlobs;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-blobs-"));
  blobs = await openFolderBlobs(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function store(...chunks: readonly Uint8Array[]): Promise<string> {
  const writer = await blobs.begin();
  for (const chunk of chunks) await writer.write(chunk);
  return (await writer.finish()).sha256;
}

async function contentOf(sha256: string, range?: { start: number; end: number }) {
  const content = await blobs.read(sha256, range);
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function digests(): Promise<string[]> {
  const found: string[] = [];
  for await (const sha256 of blobs.list()) found.push(sha256);
  return found;
}

const leftovers = () => readdirSync(join(folder, "incoming"));

test("content comes back under its digest, whole and in ranges", async () => {
  const content = randomBytes(700_000);

  const sha256 = await store(content.subarray(0, 10), content.subarray(10));

  expect(sha256).toBe(createHash("sha256").update(content).digest("hex"));
  expect(await blobs.sizeBytes(sha256)).toBe(700_000);
  expect((await contentOf(sha256))?.equals(content)).toBe(true);
  expect(await contentOf(sha256, { start: 5, end: 12 })).toEqual(content.subarray(5, 12));
  expect(await contentOf(sha256, { start: 7, end: 7 })).toEqual(Buffer.alloc(0));
  expect(leftovers()).toEqual([]);
});

test.each([
  ["of the same disk", tmpdir()],
  ["of another one", "/dev/shm"],
])("a file %s becomes a blob, and stays where it is", async (_, place) => {
  const elsewhere = mkdtempSync(join(place, "moult-adopted-"));
  const path = join(elsewhere, "whole");
  const content = randomBytes(100_000);
  writeFileSync(path, content, { mode: 0o600 });
  const adopt = async (): Promise<string> => {
    const writer = blobs.adopt(path);
    await writer.write(content.subarray(0, 60_000));
    await writer.write(content.subarray(60_000));
    return (await writer.finish()).sha256;
  };

  const sha256 = await adopt();
  expect(await adopt()).toBe(sha256);
  rmSync(elsewhere, { recursive: true });
  expect((await contentOf(sha256))?.equals(content)).toBe(true);
  expect(await digests()).toEqual([sha256]);
  expect(leftovers()).toEqual([]);
});

test("the same content twice is one blob", async () => {
  const first = await store(Buffer.from("same"));
  const second = await store(Buffer.from("same"));

  expect(second).toBe(first);
  expect(await digests()).toEqual([first]);
});

test("what is discarded, or was cut short by a crash, leaves nothing", async () => {
  const writer = await blobs.begin();
  await writer.write(Buffer.from("half of it"));
  await writer.discard();
  expect(leftovers()).toEqual([]);

  writeFileSync(join(folder, "incoming", "crashed"), "half of it");
  blobs = await openFolderBlobs(folder);
  expect(leftovers()).toEqual([]);
  expect(await digests()).toEqual([]);
});

test("in a shared folder a server that starts leaves what another one is writing, and removes what nobody does", async () => {
  const incoming = join(folder, "incoming");
  writeFileSync(join(incoming, "abandoned"), "half of it");
  const twoDaysAgo = new Date(Date.now() - 2 * DAY_MS);
  utimesSync(join(incoming, "abandoned"), twoDaysAgo, twoDaysAgo);
  const writer = await blobs.begin();
  await writer.write(Buffer.from("all of it"));

  await openFolderBlobs(folder, "shared");

  expect(leftovers()).toHaveLength(1);
  const { sha256 } = await writer.finish();
  expect(await contentOf(sha256)).toEqual(Buffer.from("all of it"));
});

test("a blob that is not there reads as nothing, and deleting it is no error", async () => {
  const sha256 = await store(Buffer.from("short-lived"));
  await blobs.delete(sha256);
  await blobs.delete(sha256);

  expect(await contentOf(sha256)).toBeUndefined();
  expect(await blobs.sizeBytes(sha256)).toBeUndefined();
});

test("a reader that began before a deletion gets the whole content", async () => {
  const content = randomBytes(2_000_000);
  const sha256 = await store(content);

  const reading = await blobs.read(sha256);
  await blobs.delete(sha256);

  const chunks: Uint8Array[] = [];
  for await (const chunk of reading ?? []) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
});

test("a name that is not a digest is refused before it becomes a path", async () => {
  await expect(blobs.read("../../etc/passwd")).rejects.toThrow("SHA-256");
});
