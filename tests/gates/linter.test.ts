import { expect, test } from "vitest";

import { plantTree } from "./planted-tree.fixture.ts";

const lines = (count: number, line: string): string => `${line}\n`.repeat(count);

/** A file with one fault, and the rule that must name it. */
const PLANTED: readonly (readonly [path: string, rule: string, text: string])[] = [
  [
    "packages/planner/src/floating.ts",
    "no-floating-promises",
    "const work = async (): Promise<void> => undefined;\nexport function start(): void {\n  work();\n}\n",
  ],
  [
    "packages/planner/src/misused.ts",
    "no-misused-promises",
    "const ready = async (): Promise<boolean> => true;\nexport const word = ready() ? 1 : 2;\n",
  ],
  [
    "packages/planner/src/unhandled.ts",
    "switch-exhaustiveness-check",
    'export function f(x: "a" | "b"): void {\n  switch (x) {\n    case "a":\n      break;\n  }\n}\n',
  ],
  [
    "packages/planner/src/thrown.ts",
    "only-throw-error",
    'export function f(): void {\n  throw "text";\n}\n',
  ],
  ["packages/planner/src/loose.ts", "no-explicit-any", "export const x: any = 1;\n"],
  [
    "packages/planner/src/swallowed.ts",
    "preserve-caught-error",
    "export function f(g: () => void): void {\n  try {\n    g();\n  } catch (error) {\n    throw new Error(String(error));\n  }\n}\n",
  ],
  [
    "packages/planner/src/cycle-a.ts",
    "no-cycle",
    'import { b } from "./cycle-b.ts";\nexport const a = (): number => b();\n',
  ],
  [
    "packages/planner/src/cycle-b.ts",
    "no-cycle",
    'import { a } from "./cycle-a.ts";\nexport const b = (): number => a();\n',
  ],
  ["packages/planner/src/clock.ts", "no-restricted-globals", "export const now = Date.now();\n"],
  ["packages/updater/src/clock.ts", "no-restricted-globals", "export const now = new Date();\n"],
  ["packages/trust/src/clock.ts", "no-restricted-globals", "export const now = Date.now();\n"],
  [
    "packages/planner/src/dice.ts",
    "no-restricted-properties",
    "export const dice = Math.random();\n",
  ],
  [
    "packages/updater/src/dice.ts",
    "no-restricted-properties",
    "export const dice = Math.random();\n",
  ],
  [
    "packages/trust/src/dice.ts",
    "no-restricted-properties",
    "export const dice = Math.random();\n",
  ],
  ["apps/server/src/talk.ts", "no-console", 'console.log("x");\nexport {};\n'],
  ["apps/server/src/nameless.ts", "no-default-export", "export default 1;\n"],
  ["apps/server/src/camelCase.ts", "filename-case", "export const x = 1;\n"],
  [
    "apps/server/src/type-import.ts",
    "consistent-type-imports",
    'import { Stats } from "node:fs";\nexport type Found = Stats;\n',
  ],
  ["apps/server/src/long.ts", "max-lines", `export {};\n${lines(500, "// A line too many.")}`],
  [
    "apps/server/src/long-function.ts",
    "max-lines-per-function",
    `export function f(x: number[]): void {\n${lines(70, "  x.push(1);")}}\n`,
  ],
];

test("each fault the linter is there for is found, and nothing is found in a clean file", async () => {
  const tree = plantTree({
    copies: [".oxlintrc.json", ".gitignore", "tsconfig.base.json"],
    files: {
      ...Object.fromEntries(PLANTED.map(([path, , text]) => [path, text])),
      "package.json": JSON.stringify({ type: "module" }),
      "tsconfig.json": JSON.stringify({
        extends: "./tsconfig.base.json",
        compilerOptions: { types: ["node"] },
        include: ["packages", "apps", "tools"],
      }),
      "packages/planner/src/clean.ts": "export const twice = (x: number): number => x * 2;\n",
      "tools/talk.ts": 'console.log("x");\nexport {};\n',
    },
  });

  const { exitCode, output } = await tree.runTool("oxlint", "--deny-warnings", "--format=unix");

  const found = [...output.matchAll(/^([^\s:]+):\d+:\d+: .*\[\w+\/(?:[\w-]+\()?([\w-]+)\)?\]$/gm)];
  const expected = PLANTED.map(([path, rule]) => `${path} ${rule}`);
  expect(found.map(([, path, rule]) => `${path} ${rule}`).sort()).toEqual(expected.sort());
  expect(exitCode).not.toBe(0);
});
