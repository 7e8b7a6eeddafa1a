import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { refuseExisting, writeFileWhole } from "./write-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-write-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a secret is readable by its owner alone, in a folder that is made for it", async () => {
  const path = join(folder, "new/deep/secret");

  await writeFileWhole(path, "key", { mode: 0o600, mayReplace: false });

  expect(readFileSync(path, "utf8")).toBe("key");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "new/deep"))).toEqual(["secret"]);
});

test("a file that is there stays as it is, unless it may be replaced", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "old");

  const write = writeFileWhole(path, "new", { mode: 0o644, mayReplace: false });
  await expect(write).rejects.toMatchObject({ code: "file-exists" });
  await expect(refuseExisting(path, false)).rejects.toMatchObject({ code: "file-exists" });
  expect(readFileSync(path, "utf8")).toBe("old");

  await writeFileWhole(path, "new", { mode: 0o644, mayReplace: true });
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("content that fails half-way leaves nothing, and what was there", async () => {
  const path = join(folder, "file");
  writeFileSync(path, "old");
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("half");
    throw new Error("the source broke");
  }

  const write = writeFileWhole(path, broken(), { mode: 0o644, mayReplace: true });

  await expect(write).rejects.toThrow("the source broke");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["file"]);
});
