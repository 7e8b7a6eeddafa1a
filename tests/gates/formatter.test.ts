import { expect, test } from "vitest";

import { plantTree } from "./planted-tree.fixture.ts";

const planted = (text: string) =>
  plantTree({ copies: [".oxfmtrc.json", ".gitignore"], files: { "planted.ts": text } });

test("a file that is not formatted is named", async () => {
  const { exitCode, output } = await planted("export  const x = {a:1}\n").runTool(
    "oxfmt",
    "--check",
  );

  expect(output).toContain("planted.ts");
  expect(exitCode).not.toBe(0);
});

test("a formatted file passes", async () => {
  const { exitCode } = await planted("export const x = { a: 1 };\n").runTool("oxfmt", "--check");

  expect(exitCode).toBe(0);
});
