import { tidyFindings } from "../../tools/tidy/tidy-findings.ts";
import { treeOf } from "../../tools/tidy/tree.ts";

/** A small house in which every rule of tidy is kept; a test plants one fault into it. */
const reference = (path: string): { path: string } => ({ path });

export const manifest = (
  name: string,
  dependencies: readonly string[],
  more: object = {},
): string =>
  JSON.stringify({
    name: `@moult/${name}`,
    version: "0.1.0",
    dependencies: Object.fromEntries(dependencies.map((other) => [`@moult/${other}`, "0.1.0"])),
    ...more,
  });

export const tsconfig = (dependencies: readonly string[]): string =>
  JSON.stringify({
    references: dependencies.map((other) => reference(`../../packages/${other}`)),
  });

const ROOT_REFERENCES = JSON.stringify({
  references: ["packages/base", "packages/model", "packages/planner", "apps/server"].map(reference),
});

export const HOUSE: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "moult", devDependencies: { vitest: "5.1.1" } }),
  "package-lock.json": JSON.stringify(
    {
      packages: {
        "": {},
        "node_modules/@moult/base": { resolved: "packages/base", link: true },
        "node_modules/tool": { optionalDependencies: { "tool-linux": "1.0.0" } },
        "node_modules/tool-linux": { version: "1.0.0" },
      },
    },
    null,
    1,
  ),
  "tsconfig.json": ROOT_REFERENCES,
  "tsconfig.tests.json": ROOT_REFERENCES,
  "vitest.config.ts": "export default {};\n",
  "packages/base/package.json": manifest("base", []),
  "packages/base/tsconfig.json": tsconfig([]),
  "packages/base/src/index.ts": 'export { assert } from "./assert.ts";\n',
  "packages/base/src/assert.ts": "export const assert = 1;\n",
  "packages/model/package.json": manifest("model", ["base"]),
  "packages/model/tsconfig.json": tsconfig(["base"]),
  "packages/model/src/index.ts": 'export { Device } from "./device.ts";\n',
  "packages/model/src/device.ts":
    'import { assert } from "@moult/base";\nimport * as z from "zod";\nexport const Device = z.int(assert);\n',
  "packages/model/src/device.test.ts":
    'import { test } from "vitest";\nimport { Device } from "./device.ts";\ntest("a device", () => void Device);\n',
  "packages/planner/package.json": manifest("planner", ["base"]),
  "packages/planner/tsconfig.json": tsconfig(["base"]),
  "packages/planner/src/index.ts": 'export { decide } from "./decide.ts";\n',
  "packages/planner/src/decide.ts":
    'import { assert } from "@moult/base";\nexport const decide = assert;\n',
  "apps/server/package.json": manifest("server", ["model", "planner"]),
  "apps/server/tsconfig.json": tsconfig(["model", "planner"]),
  "apps/server/src/main.ts":
    'import { accept } from "./devices/index.ts";\nimport { moult } from "./protocols/moult/routes.ts";\naccept(moult);\n',
  "apps/server/src/platform/database.ts":
    'import { DatabaseSync } from "node:sqlite";\nexport const open = () => new DatabaseSync("x");\n',
  "apps/server/src/devices/index.ts": 'export { accept } from "./decisions.ts";\n',
  "apps/server/src/devices/decisions.ts":
    'import { Device } from "@moult/model";\nimport { deviceById } from "./queries.ts";\nexport const accept = (x: unknown) => deviceById(Device, x);\n',
  "apps/server/src/devices/queries.ts":
    'export const deviceById = (db: any, id: any) => db.selectFrom("device").where(id);\n',
  "apps/server/src/deployments/index.ts": 'export { start } from "./decisions.ts";\n',
  "apps/server/src/deployments/decisions.ts":
    'import { decide } from "@moult/planner";\nimport { accept } from "../devices/index.ts";\nexport const start = () => accept(decide);\n',
  "apps/server/src/device-session/poll.ts":
    'import { start } from "../deployments/index.ts";\nexport const poll = start;\n',
  "apps/server/src/protocols/moult/routes.ts":
    'import { poll } from "../../device-session/poll.ts";\nexport const moult = poll;\n',
};

/** What is planted, and what must be found: `path:line rule` for each finding. */
export type Fault = readonly [
  sentence: string,
  files: Readonly<Record<string, string>>,
  findings: readonly string[],
];

/** The findings of the house with the planted files laid over it. */
export function found(planted: Readonly<Record<string, string>>): string[] {
  const texts = Object.entries({ ...HOUSE, ...planted }).map(([path, text]) => ({ path, text }));
  return tidyFindings(treeOf(texts)).map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}
