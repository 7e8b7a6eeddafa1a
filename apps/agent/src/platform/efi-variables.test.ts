import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEfiVariables, type EfiVariables } from "./efi-variables.ts";

let folder: string;
let variables: EfiVariables;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-efi-"));
  variables = openEfiVariables(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a variable is written with the attributes that keep it without power", async () => {
  await variables.write("X-1", Uint8Array.of(1, 2));
  expect(await readFile(join(folder, "X-1"))).toEqual(Buffer.of(7, 0, 0, 0, 1, 2));
  await variables.write("X-1", Uint8Array.of(3, 4));
  expect(await variables.read("X-1")).toEqual(Uint8Array.of(3, 4));
});

test("a variable that is not there, or has no value, is none", async () => {
  expect(await variables.read("X-1")).toBeUndefined();
  await writeFile(join(folder, "X-1"), "");
  expect(await variables.read("X-1")).toBeUndefined();
});

test("what is removed is gone, and may have been gone before", async () => {
  await variables.write("X-1", Uint8Array.of(1));
  await variables.remove("X-1");
  await variables.remove("X-1");
  expect(await variables.read("X-1")).toBeUndefined();
});

test("a value that the firmware does not keep is an error", async () => {
  // A file, unlike a variable, keeps what is behind a shorter value.
  await variables.write("X-1", Uint8Array.of(1, 2, 3));
  await expect(variables.write("X-1", Uint8Array.of(1, 2))).rejects.toThrow(
    "efi-variable-not-kept",
  );
});
