import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSetupCode } from "./setup-code.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-setup-"));
  path = join(folder, "setup-code");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a code has a hundred random bits, can be typed, and only its user reads it", async () => {
  const texts = new Set<string>();
  for (let n = 0; n < 100; n += 1) {
    rmSync(path, { force: true });
    const code = openSetupCode(path);
    await code.make();
    texts.add(code.text() ?? "");
  }

  expect(texts.size).toBe(100);
  for (const text of texts) expect(text).toMatch(/^(?:[2-9A-HJ-NP-Z]{4}-){4}[2-9A-HJ-NP-Z]{4}$/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("it is right with or without its hyphens, in small letters, and not otherwise", async () => {
  writeFileSync(path, "ABCD-EFGH-JKLM\n");
  const code = openSetupCode(path);
  expect(code.isRight("ABCD-EFGH-JKLM"), "before it was read").toBe(false);
  await code.make();

  for (const right of ["ABCD-EFGH-JKLM", "abcdefghjklm", " abcd efgh jklm\n"])
    expect(code.isRight(right), right).toBe(true);
  for (const wrong of ["", "ABCD-EFGH", "ABCD-EFGH-JKLN", "ABCD-EFGH-JKLMN"])
    expect(code.isRight(wrong), wrong).toBe(false);
});

test("a restart keeps it; a file that a crash left empty is no code", async () => {
  const first = openSetupCode(path);
  await first.make();
  const second = openSetupCode(path);
  await second.make();
  expect(second.text()).toBe(first.text());

  writeFileSync(path, "\n");
  const third = openSetupCode(path);
  await third.make();
  expect(third.text()).toMatch(/^.{24}$/);
  expect(third.isRight(""), "an empty code opens nothing").toBe(false);
  expect(readFileSync(path, "utf8")).toBe(`${third.text()}\n`);
});

test("nothing is right after it was removed, and removing it again is fine", async () => {
  const code = openSetupCode(path);
  await code.make();
  const text = code.text() ?? "";
  await code.remove();
  await code.remove();

  expect(code.isRight(text)).toBe(false);
  expect(code.text()).toBeUndefined();
  expect(existsSync(path)).toBe(false);
});
