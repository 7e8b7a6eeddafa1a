import { expect, test } from "vitest";

import { HOUSE, found, manifest, tsconfig, type Fault } from "./tidy-house.fixture.ts";

const SERVER = "apps/server/src";

const DIRECTIONS: readonly Fault[] = [
  [
    "a package that imports one it may not",
    {
      "packages/base/src/assert.ts": 'import { Device } from "@moult/model";\nvoid Device;\n',
      "packages/base/package.json": manifest("base", ["model"]),
      "packages/base/tsconfig.json": tsconfig(["model"]),
    },
    ["packages/base/src/assert.ts:1 import-table"],
  ],
  [
    "a package of which the table says nothing",
    {
      "packages/extra/src/index.ts": 'export { x } from "./x.ts";\n',
      "packages/extra/package.json": manifest("extra", []),
      "packages/extra/tsconfig.json": tsconfig([]),
      "tsconfig.json": (HOUSE["tsconfig.json"] ?? "").replace("[", '[{"path":"packages/extra"},'),
      "tsconfig.tests.json": (HOUSE["tsconfig.json"] ?? "").replace(
        "[",
        '[{"path":"packages/extra"},',
      ),
    },
    ["packages/extra/package.json:1 import-table"],
  ],
  [
    "an import of an app by its name",
    { "tests/wire/a.test.ts": 'import { x } from "@moult/server";\nvoid x;\n' },
    ["tests/wire/a.test.ts:1 import-table"],
  ],
  [
    "an import of an app by its path",
    { "tests/system/a.test.ts": '\nimport { x } from "../../apps/server/src/main.ts";\nvoid x;\n' },
    ["tests/system/a.test.ts:2 import-table"],
  ],
  [
    "an import of a package by its path",
    {
      "packages/planner/src/plan.ts":
        'import { assert } from "../../base/src/assert.ts";\nvoid assert;\n',
    },
    ["packages/planner/src/plan.ts:1 import-table"],
  ],
  [
    "an import from the inside of a package",
    {
      "packages/planner/src/plan.ts":
        'import { assert } from "@moult/base/src/assert.ts";\nvoid assert;\n',
    },
    ["packages/planner/src/plan.ts:1 import-table"],
  ],
  [
    "a dynamic import that the table forbids",
    {
      "packages/base/src/assert.ts": 'export const x = () => import("@moult/model");\n',
      "packages/base/package.json": manifest("base", ["model"]),
      "packages/base/tsconfig.json": tsconfig(["model"]),
    },
    ["packages/base/src/assert.ts:1 import-table"],
  ],
  [
    "a capability that reaches into another",
    {
      [`${SERVER}/deployments/x.ts`]:
        'import { accept } from "../devices/decisions.ts";\nvoid accept;\n',
    },
    [`${SERVER}/deployments/x.ts:1 server-folders`],
  ],
  [
    "a capability that asks another's queries",
    {
      [`${SERVER}/deployments/x.ts`]:
        'import { deviceById } from "../devices/queries.ts";\nvoid deviceById;\n',
    },
    [`${SERVER}/deployments/x.ts:1 server-folders`],
  ],
  [
    "an entry that shows a query",
    { [`${SERVER}/devices/index.ts`]: 'export { deviceById } from "./queries.ts";\n' },
    [`${SERVER}/devices/index.ts:1 server-folders`],
  ],
  [
    "a capability that knows the device session",
    {
      [`${SERVER}/devices/x.ts`]: 'import { poll } from "../device-session/poll.ts";\nvoid poll;\n',
    },
    [`${SERVER}/devices/x.ts:1 server-folders`],
  ],
  [
    "a capability that knows a protocol",
    {
      [`${SERVER}/devices/x.ts`]:
        'import { moult } from "../protocols/moult/routes.ts";\nvoid moult;\n',
    },
    [`${SERVER}/devices/x.ts:1 server-folders`],
  ],
  [
    "a device session that knows a protocol",
    {
      [`${SERVER}/device-session/x.ts`]:
        'import { moult } from "../protocols/moult/routes.ts";\nvoid moult;\n',
    },
    [`${SERVER}/device-session/x.ts:1 server-folders`],
  ],
  [
    "a protocol that goes past the device session",
    {
      [`${SERVER}/protocols/moult/x.ts`]:
        'import { accept } from "../../devices/index.ts";\nvoid accept;\n',
    },
    [`${SERVER}/protocols/moult/x.ts:1 server-folders`],
  ],
  [
    "a protocol that knows another",
    {
      [`${SERVER}/protocols/mender/x.ts`]:
        'import { moult } from "../moult/routes.ts";\nvoid moult;\n',
    },
    [`${SERVER}/protocols/mender/x.ts:1 server-folders`],
  ],
  [
    "a platform that knows a capability",
    {
      [`${SERVER}/platform/x.ts`]: 'import { accept } from "../devices/index.ts";\nvoid accept;\n',
    },
    [`${SERVER}/platform/x.ts:1 server-folders`],
  ],
  [
    "a migration that knows a capability",
    {
      [`${SERVER}/migrations/0001-x.ts`]:
        'import { accept } from "../devices/index.ts";\nvoid accept;\n',
    },
    [`${SERVER}/migrations/0001-x.ts:1 server-folders`],
  ],
  [
    "a capability that imports main.ts",
    { [`${SERVER}/devices/x.ts`]: 'import { x } from "../main.ts";\nvoid x;\n' },
    [`${SERVER}/devices/x.ts:1 server-folders`],
  ],
];

const MANIFESTS: readonly Fault[] = [
  [
    "an import that package.json does not declare",
    { "packages/planner/src/plan.ts": 'import { Device } from "@moult/model";\nvoid Device;\n' },
    ["packages/planner/package.json:1 manifest"],
  ],
  [
    "a declared package that nothing imports",
    {
      "packages/planner/package.json": manifest("planner", ["base", "model"]),
      "packages/planner/tsconfig.json": tsconfig(["base", "model"]),
    },
    ["packages/planner/package.json:1 manifest"],
  ],
  [
    "a test's import that is not declared for tests",
    { "packages/base/src/x.test.ts": 'import { Device } from "@moult/model";\nvoid Device;\n' },
    ["packages/base/package.json:1 manifest"],
  ],
  [
    "a tsconfig that lacks a reference",
    { "packages/planner/tsconfig.json": tsconfig([]) },
    ["packages/planner/tsconfig.json:1 manifest"],
  ],
  [
    "a tsconfig that references what is not declared",
    { "packages/planner/tsconfig.json": tsconfig(["base", "model"]) },
    ["packages/planner/tsconfig.json:1 manifest"],
  ],
  [
    "a workspace that the root tsconfig forgets",
    { "tsconfig.json": (HOUSE["tsconfig.json"] ?? "").replace('{"path":"packages/base"},', "") },
    ["tsconfig.json:1 manifest"],
  ],
  [
    "a workspace that the tests' tsconfig forgets",
    {
      "tsconfig.tests.json": (HOUSE["tsconfig.json"] ?? "").replace(',{"path":"apps/server"}', ""),
    },
    ["tsconfig.tests.json:1 manifest"],
  ],
  [
    "another version of a workspace than there is",
    {
      "packages/planner/package.json": manifest("planner", [], {
        dependencies: { "@moult/base": "0.2.0" },
      }),
    },
    ["packages/planner/package.json:1 manifest"],
  ],
  [
    "a version that is not exact",
    { "package.json": '{\n  "devDependencies": {\n    "vitest": "^5.1.1"\n  }\n}\n' },
    ["package.json:3 manifest"],
  ],
  [
    "a manifest that is not JSON",
    { "packages/base/package.json": "{" },
    [
      "packages/base/package.json:1 manifest",
      "packages/model/package.json:1 manifest",
      "packages/planner/package.json:1 manifest",
      "tsconfig.json:1 manifest",
      "tsconfig.tests.json:1 manifest",
    ],
  ],
];

test.each([...DIRECTIONS, ...MANIFESTS])("%s is found", (_sentence, files, findings) => {
  expect(found(files)).toEqual(findings);
});
