import { join } from "node:path";

import { expect, test } from "vitest";

import { ROOT, plantTree } from "./planted-tree.fixture.ts";

/** Each needs something that only a process has; none has another fault. */
const IMPURE = {
  "uses-process.ts": "export const id = process.pid;\n",
  "uses-fetch.ts": 'export const reply = fetch("http://localhost");\n',
  "uses-timers.ts": "export const timer = setTimeout(() => undefined, 1);\n",
  "uses-files.ts":
    'import { readFileSync } from "node:fs";\nexport const text = readFileSync("x");\n',
  "uses-url.ts": 'export const host = new URL("http://localhost").host;\n',
  "uses-text-encoder.ts": 'export const bytes = new TextEncoder().encode("x");\n',
  "uses-console.ts": 'console.log("x");\nexport {};\n',
};
const PURE = { "pure.ts": "export const twice = (value: number): number => value * 2;\n" };

/** The project's own settings for a package, applied to other files. */
const planted = (workspace: string, overrides: object = {}) => ({
  ...IMPURE,
  ...PURE,
  "package.json": JSON.stringify({ type: "module" }),
  "tsconfig.json": JSON.stringify({
    extends: join(ROOT, workspace, "tsconfig.json"),
    compilerOptions: {
      rootDir: ".",
      composite: false,
      tsBuildInfoFile: null,
      emitDeclarationOnly: false,
      noEmit: true,
      ...overrides,
    },
    include: ["*.ts"],
    exclude: [],
    references: [],
  }),
});

const brokenFiles = (output: string): string[] => [
  ...new Set(
    [...output.matchAll(/^([\w-]+\.ts)\(\d+,\d+\): error/gm)].map((match) => match[1] ?? ""),
  ),
];

test.each(["base", "model", "planner", "updater", "trust"])(
  "code in %s that reaches for the world does not compile",
  async (name) => {
    const tree = plantTree({ files: planted(`packages/${name}`) });

    const { exitCode, output } = await tree.runTool("tsc", "-p", ".");

    expect(brokenFiles(output).sort()).toEqual(Object.keys(IMPURE).sort());
    expect(exitCode).not.toBe(0);
  },
);

test("the same code compiles where the settings let the world in, so it is they that keep it out", async () => {
  const tree = plantTree({ files: planted("packages/planner", { types: ["node"] }) });

  expect(await tree.runTool("tsc", "-p", ".")).toMatchObject({ output: "", exitCode: 0 });
});

test.each([
  ["an enum", 'export enum Colour { Red = "red" }\n'],
  ["a parameter property", "export class Device { constructor(readonly id: string) {} }\n"],
  ["a namespace", "export namespace fleet { export const size = 1; }\n"],
  ["an index without a check", "export const first = (list: string[]): string => list[0];\n"],
  ["undefined for an absent field", "export const x: { a?: number } = { a: undefined };\n"],
  ["a missing case", "export function f(x: 1 | 2): 1 { switch (x) { case 1: return 1; } }\n"],
])("%s does not compile", async (_, text) => {
  const files = { ...planted("packages/base"), "planted.ts": text };
  for (const path of Object.keys(IMPURE)) delete (files as Record<string, string>)[path];
  const tree = plantTree({ files });

  const { output } = await tree.runTool("tsc", "-p", ".");

  expect(brokenFiles(output)).toEqual(["planted.ts"]);
});
