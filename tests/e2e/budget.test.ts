import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const BUDGET = fileURLToPath(new URL("../../tools/web-budget.ts", import.meta.url));

test("what a browser has to load stays within its budget", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [BUDGET]);
  expect(stdout.trim().split("\n").at(-1)).toContain('"over":[]');
});
