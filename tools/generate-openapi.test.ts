import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const tool = join(import.meta.dirname, "generate-openapi.ts");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-openapi-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the check passes on what the tool wrote, and names the first line that was changed by hand", () => {
  const file = join(folder, "openapi.json");
  execFileSync(process.execPath, [tool, `--file=${file}`]);
  const check = () =>
    spawnSync(process.execPath, [tool, "--check", `--file=${file}`], { encoding: "utf8" });

  expect(check().status).toBe(0);

  writeFileSync(file, readFileSync(file, "utf8").replace('"3.1.1"', '"3.0.0"'));
  const changed = check();
  expect(changed.status).toBe(1);
  expect(changed.stderr).toContain('line 2 is "  "openapi": "3.0.0","');
  expect(changed.stderr).toContain("npm run generate");
});

test("the check fails on a missing file", () => {
  const file = join(folder, "absent.json");

  const check = spawnSync(process.execPath, [tool, "--check", `--file=${file}`], {
    encoding: "utf8",
  });

  expect(check.status).toBe(1);
  expect(check.stderr).toContain("it is missing");
});
