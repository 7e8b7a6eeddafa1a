import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { precompress } from "./precompress.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-precompress-"));
  mkdirSync(join(folder, "assets"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = (): string[] => readdirSync(folder, { recursive: true }).map(String).toSorted();

test("each text of a build gets both variants, which hold the same text", async () => {
  const script = "export const answer = 42;\n".repeat(100);
  writeFileSync(join(folder, "assets", "a.js"), script);
  writeFileSync(join(folder, "assets", "font.woff2"), "x".repeat(1_000));
  writeFileSync(join(folder, "tiny.txt"), "x");

  const { plainBytes, brotliBytes } = await precompress(folder);

  expect(names()).toEqual([
    "assets",
    "assets/a.js",
    "assets/a.js.br",
    "assets/a.js.gz",
    "assets/font.woff2",
    "tiny.txt",
  ]);
  const variant = (ending: string): Buffer => readFileSync(join(folder, "assets", `a.js${ending}`));
  expect(brotliDecompressSync(variant(".br")).toString()).toBe(script);
  expect(gunzipSync(variant(".gz")).toString()).toBe(script);
  expect(plainBytes).toBe(script.length + 1);
  expect(brotliBytes).toBe(variant(".br").length + 1);
});

test("a variant of another build never stands beside a new file", async () => {
  writeFileSync(join(folder, "gone.js.br"), "old");
  writeFileSync(join(folder, "a.js"), "x");
  writeFileSync(join(folder, "a.js.gz"), "old");

  await precompress(folder);

  expect(names()).toEqual(["a.js", "assets"]);
});
