import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  openAsBlob,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { present } from "@moult/base";
import { browserUploadMemory, createClient, type ResumableOptions } from "@moult/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// Needs root for the mount, as the suites run in CI.

const MEBIBYTE = 1024 ** 2;
const DISK_BYTES = 48 * MEBIBYTE;
let folder: string;
let disk: string;
let server: LocalServer;
let moult: MoultCommand;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-disk-full-"));
  disk = join(folder, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", disk]);
  server = await startLocalServer({ dataFolder: join(disk, "data") });
  moult = createMoultCommand({ home: folder, cwd: folder });
  await setUpAdministrator(server, moult);
  await moult.ok(words`product create gw2`);
});
afterEach(async () => {
  await server.stop();
  execFileSync("umount", [disk]);
  rmSync(folder, { recursive: true, force: true });
});

async function artifact(name: string, sizeBytes: number): Promise<string> {
  writeFileSync(join(folder, "payload"), randomBytes(sizeBytes));
  const file = `${name}.mender`;
  await moult.ok(
    words`artifact create payload --type single-file --dest-dir /tmp --name ${name}
      --hardware-type board --compression none --out ${file}`,
  );
  return file;
}

const freeBytes = (): number => {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
};

test("an artifact that the disk has no room for is refused by name, leaves nothing, and the next one is taken", async () => {
  const large = await artifact("9.0", DISK_BYTES);
  const small = await artifact("1.0", MEBIBYTE);
  const before = freeBytes();

  const refused = await moult.run(words`release upload --product gw2 ${large} --json`);

  expect(refused.exitCode).toBe(1);
  expect(refused.stderr + refused.stdout).toContain("disk-full");
  expect(readdirSync(join(disk, "data", "uploads"))).toEqual([]);
  expect(before - freeBytes()).toBeLessThan(2 * MEBIBYTE);
  await moult.ok(words`release upload --product gw2 ${small}`);
  expect(await moult.json(words`release list --product gw2`)).toMatchObject({
    items: [{ version: "1.0" }],
  });
});

test("an upload that meets a full disk keeps what it has, and goes on when there is room", async () => {
  // More than half of the disk: it becomes the artifact where it lies.
  const file = await artifact("2.0", 28 * MEBIBYTE);
  const { secret } = (await moult.json(words`api-key create disk --role admin`)) as {
    readonly secret: string;
  };
  tls.setDefaultCACertificates([present(server.certificateAuthority, "TLS is on")]);
  const client = createClient({
    baseUrl: server.url,
    credentials: { kind: "api-key", apiKey: secret },
  });
  const kept = new Map<string, string>();
  const memory = browserUploadMemory({
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });
  const upload = async (options: ResumableOptions) =>
    client.resumableUpload(
      await openAsBlob(join(folder, file)),
      { product: "gw2", fileName: file },
      { memory, ...options },
    );
  let isFilled = false;
  const refused = upload({
    onProgress: ({ doneBytes }) => {
      if (isFilled || doneBytes < 3 * MEBIBYTE) return;
      isFilled = true;
      writeFileSync(join(disk, "ballast"), randomBytes(freeBytes() - 2 * MEBIBYTE));
    },
  });
  await expect(refused).rejects.toMatchObject({ code: "disk-full", status: 507 });

  rmSync(join(disk, "ballast"));
  let continuedAt = 0;
  const uploaded = await upload({
    onContinued: ({ receivedBytes }) => (continuedAt = receivedBytes),
  });
  expect(continuedAt).toBeGreaterThanOrEqual(3 * MEBIBYTE);
  expect(uploaded).toMatchObject({ state: "finished", release: { version: "2.0" } });
});

test("a server whose disk is full says so to whoever writes, goes on reading, and writes again when there is room", async () => {
  writeFileSync(join(disk, "ballast"), randomBytes(freeBytes() - 4096));
  const statuses: number[] = [];
  let refusal = "";
  // The write-ahead log has some room of its own; it ends.
  for (let index = 0; index < 400 && refusal === ""; index += 1) {
    const { exitCode, stderr, stdout } = await moult.run(
      words`product create ${`p${index}-${"x".repeat(50)}`} --title ${"t".repeat(120)} --json`,
    );
    statuses.push(exitCode);
    if (exitCode !== 0) refusal = stderr + stdout;
  }
  expect(refusal).toContain("disk-full");
  const { items } = (await moult.json(words`product list`)) as { items: unknown[] };
  expect(items.length).toBe(statuses.length);

  rmSync(join(disk, "ballast"));
  await moult.ok(words`product create afterwards`);
});
