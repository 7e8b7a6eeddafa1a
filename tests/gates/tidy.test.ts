import { describe, expect, test } from "vitest";

import { ROOT, plantTree } from "./planted-tree.fixture.ts";
import { HOUSE, found, type Fault } from "./tidy-house.fixture.ts";

const lines = (count: number): string => "const x = 1;\n".repeat(count);
const half = (first: string, second: string): string => first + second;

const SERVER = "apps/server/src";

test("a house that keeps every rule has no findings", () => {
  expect(found({})).toEqual([]);
});

const NAMES: readonly Fault[] = [
  ...[
    "utils",
    "helpers",
    "common",
    "misc",
    "manager",
    "service",
    "handler",
    "types",
    "constants",
  ].map((name): Fault => [
    `a file called ${name}`,
    { [`packages/base/src/${name}.ts`]: "export {};\n" },
    [`packages/base/src/${name}.ts:1 file-name`],
  ]),
  [
    "a folder called utils",
    { "packages/base/src/utils/hex.ts": "export {};\n" },
    ["packages/base/src/utils/hex.ts:1 file-name"],
  ],
  [
    "a file in camel case",
    { "packages/base/src/appError.ts": "export {};\n" },
    ["packages/base/src/appError.ts:1 file-name"],
  ],
  [
    "an entry below a package's src",
    { "packages/base/src/deep/index.ts": "export {};\n" },
    ["packages/base/src/deep/index.ts:1 barrel"],
  ],
  [
    "a test where no suite looks",
    { "tests/elsewhere/a.test.ts": "export {};\n" },
    ["tests/elsewhere/a.test.ts:1 test-place"],
  ],
  [
    "a file past the soft limit",
    { "packages/base/src/x.ts": lines(401) },
    ["packages/base/src/x.ts:401 file-size"],
  ],
  [
    "a file past the hard limit",
    { "packages/base/src/x.ts": lines(501) },
    ["packages/base/src/x.ts:501 file-size"],
  ],
];

const SOURCES: readonly Fault[] = [
  ...[
    'import { z } from "zod";',
    'import z from "zod";',
    'import * as zod from "zod";',
    'import * as z from "zod/v4";',
  ].map((text): Fault => [
    text,
    { "packages/base/src/x.ts": `\n${text}\nvoid z;\n` },
    ["packages/base/src/x.ts:2 zod-import"],
  ]),
  [
    "a default export",
    { "packages/base/src/x.ts": "\nexport default 1;\n" },
    ["packages/base/src/x.ts:2 default-export"],
  ],
  [
    "a name exported as the default",
    { "packages/base/src/x.ts": "const x = 1;\nexport { x as default };\n" },
    ["packages/base/src/x.ts:2 default-export"],
  ],
  [
    "a re-export outside of an entry",
    { "packages/base/src/x.ts": 'export { assert } from "./assert.ts";\n' },
    ["packages/base/src/x.ts:1 barrel"],
  ],
  [
    "an entry that exports a star",
    { "packages/base/src/index.ts": 'export * from "./assert.ts";\n' },
    ["packages/base/src/index.ts:1 barrel"],
  ],
  ...["skip", "only", "todo", "skipIf", "runIf"].map((word): Fault => [
    `test.${word}`,
    { "packages/base/src/x.test.ts": `\ntest.${word}("x", () => undefined);\n` },
    ["packages/base/src/x.test.ts:2 switched-off-test"],
  ]),
  ...["selectFrom", "insertInto", "updateTable", "deleteFrom"].map((word): Fault => [
    `${word} outside of queries.ts`,
    { [`${SERVER}/devices/x.ts`]: `export const x = (db: any) =>\n  db.${word}("device");\n` },
    [`${SERVER}/devices/x.ts:2 sql-place`],
  ]),
  [
    "SQL text outside of queries.ts",
    { [`${SERVER}/devices/x.ts`]: "export const x = (sql: any) => sql<number>`select 1`;\n" },
    [`${SERVER}/devices/x.ts:1 sql-place`],
  ],
  [
    "a database driver outside of the platform",
    { [`${SERVER}/devices/queries.ts`]: 'import { Pool } from "pg";\nvoid Pool;\n' },
    [`${SERVER}/devices/queries.ts:1 sql-place`],
  ],
];

const TEXTS: readonly Fault[] = [
  ...[half("TO", "DO"), half("FIX", "ME"), half("X", "XX")].map((word): Fault => [
    `a comment that says ${word}`,
    { "packages/base/src/x.ts": `\n// ${word} later\nexport {};\n` },
    ["packages/base/src/x.ts:2 unfinished"],
  ]),
  [
    "the same in a document",
    { "docs/x.md": `# X\n\n- ${half("TO", "DO")}\n` },
    ["docs/x.md:3 unfinished"],
  ],
  ...["work", "root"].map((folder): Fault => [
    `a path below /${folder}`,
    { "docs/x.md": `See /${folder}/moult/x.\n` },
    ["docs/x.md:1 machine-path"],
  ]),
  [
    "the address of a package registry",
    { ".npmrc": `registry=https://${half("registry", ".example.org")}/\n` },
    [".npmrc:1 registry-host"],
  ],
  [
    "a lockfile that says where packages came from",
    {
      "package-lock.json": `{"packages": {\n"node_modules/x": {"resolved": "https://npm.example.org/x.tgz"}}}`,
    },
    ["package-lock.json:2 registry-host"],
  ],
  [
    "a lockfile that lacks a platform",
    {
      "package-lock.json":
        '{"packages": {\n"node_modules/x": {"optionalDependencies": {"x-darwin": "1.0.0"}}}}',
    },
    ["package-lock.json:2 lockfile"],
  ],
];

test.each([...NAMES, ...SOURCES, ...TEXTS])("%s is found", (_sentence, files, findings) => {
  expect(found(files)).toEqual(findings);
});

test.each<[sentence: string, files: Record<string, string>]>([
  [
    "a planted fault inside a string of a test",
    { "tests/gates/a.test.ts": 'export const x = `import { z } from "zod"; test.only()`;\n' },
  ],
  [
    "a generated file of any length",
    { "packages/base/src/x.ts": `// Generated by tools/x.ts\n${lines(600)}` },
  ],
  [
    "a store test that asks the database itself",
    {
      [`${SERVER}/devices/x.store.test.ts`]:
        'export const x = (db: any) => db.selectFrom("device");\n',
    },
  ],
  [
    "a fixture that borrows another capability's inside",
    {
      [`${SERVER}/deployments/x.fixture.ts`]:
        'import { deviceById } from "../devices/queries.ts";\nvoid deviceById;\n',
    },
  ],
  [
    "a path of the system",
    { "docs/x.md": "See /usr/lib, /tmp/work/x and https://example.org/work/x.\n" },
  ],
])("%s is no finding", (_sentence, files) => {
  expect(found(files)).toEqual([]);
});

describe("the command", () => {
  const planted = async (files: Readonly<Record<string, string>>) => {
    const tree = plantTree({
      files: { ...HOUSE, ".gitignore": "node_modules\nleft/\n", ...files },
    });
    await tree.run("git", "init", "-q");
    return tree.run(process.execPath, `${ROOT}/tools/tidy.ts`, tree.root);
  };
  const fault = "\nexport default 1;\n";

  test("names each finding with path, line and rule, and fails", async () => {
    const { exitCode, output } = await planted({ "packages/base/src/x.ts": fault });

    expect(output).toMatch(/^packages\/base\/src\/x\.ts:2 default-export export by name/m);
    expect(exitCode).toBe(1);
  });

  test("passes what git ignores, and files past the soft limit", async () => {
    const { exitCode, output } = await planted({
      "left/x.ts": fault,
      "packages/base/src/x.ts": lines(401),
    });

    expect(output).toMatch(/file-size 401 lines.*\(warning\)$/m);
    expect(exitCode).toBe(0);
  });

  test("fails where there is no git tree to read, instead of finding nothing", async () => {
    const tree = plantTree({ files: HOUSE });

    const { exitCode } = await tree.run(process.execPath, `${ROOT}/tools/tidy.ts`, tree.root);

    expect(exitCode).not.toBe(0);
  });
});
