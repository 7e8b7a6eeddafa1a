import { expect, test } from "vitest";

import { plantTree } from "./planted-tree.fixture.ts";

const manifest = (name: string, more: object = {}): string =>
  JSON.stringify({ name, version: "0.1.0", private: true, type: "module", ...more });

const HOUSE = {
  "package.json": manifest("moult", { workspaces: ["packages/*", "apps/*"] }),
  "packages/base/package.json": manifest("@moult/base", { exports: "./src/index.ts" }),
  "packages/base/src/index.ts": 'export { used } from "./used.ts";\n',
  "packages/base/src/used.ts": "export const used = 1;\n",
  "apps/server/package.json": manifest("@moult/server", {
    dependencies: { "@moult/base": "0.1.0" },
  }),
  "apps/server/src/main.ts": 'import { used } from "@moult/base";\n\nused.toFixed();\n',
};

const knip = (files: Readonly<Record<string, string>>) =>
  plantTree({ copies: ["knip.json", ".gitignore"], files: { ...HOUSE, ...files } }).runTool(
    "knip",
    "--no-progress",
    "--reporter=compact",
  );

test("a house in which everything is used passes", async () => {
  expect(await knip({})).toMatchObject({ exitCode: 0 });
});

test.each([
  [
    "a file that nothing imports",
    { "packages/base/src/orphan.ts": "export const orphan = 1;\n" },
    "packages/base/src/orphan.ts",
  ],
  [
    "an export that nothing imports",
    { "packages/base/src/used.ts": "export const used = 1;\nexport const forgotten = 2;\n" },
    "forgotten",
  ],
  [
    "a dependency that nothing imports",
    {
      "apps/server/package.json": manifest("@moult/server", {
        dependencies: { "@moult/base": "0.1.0", zod: "4.6.7" },
      }),
    },
    "zod",
  ],
  [
    "an import of what is not declared",
    {
      "apps/server/src/main.ts":
        'import { used } from "@moult/base";\nimport * as z from "zod";\n\nz.int().parse(used);\n',
    },
    "zod",
  ],
])("%s is found", async (_, files, named) => {
  const { exitCode, output } = await knip(files);

  expect(output).toContain(named);
  expect(exitCode).not.toBe(0);
});
