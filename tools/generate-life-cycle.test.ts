import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const tool = join(import.meta.dirname, "generate-life-cycle.ts");
const document = join(dirname(import.meta.dirname), "docs/protocol/life-cycle.md");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-life-cycle-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const check = (file: string) =>
  spawnSync(process.execPath, [tool, "--check", `--file=${file}`], { encoding: "utf8" });

test("the committed document says what the code decides by", () => {
  expect(check(document)).toMatchObject({ status: 0, stderr: "" });
});

test("a document with a row that the code does not have fails the check, and is written right again", () => {
  const file = join(folder, "life-cycle.md");
  const right = readFileSync(document, "utf8");
  writeFileSync(file, right.replace(/rolls-back( +)\| goes-on/, "again     $1| goes-on"));

  const changed = check(file);
  expect(changed.status).toBe(1);
  expect(changed.stderr).toContain("npm run generate");

  spawnSync(process.execPath, [tool, `--file=${file}`]);
  expect(readFileSync(file, "utf8")).toBe(right);
});

test("a document that lost the place of a table is an error", () => {
  const file = join(folder, "torn.md");
  writeFileSync(file, "# The life cycle of an update\n");
  expect(check(file)).toMatchObject({ status: 1, stderr: expect.stringContaining("no marks") });
});
