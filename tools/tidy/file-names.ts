import type { Finding, Tree } from "./tree.ts";
import { workspaceOf } from "./workspace-of.ts";

/** Names that say where code was put instead of what it does. */
const VAGUE = /^(?:utils?|helpers?|commons?|misc|managers?|services?|handlers?|types?|constants?)$/;
const CODE = /\.(?:tsx?|sh)$/;
const TEST = /\.test\.tsx?$/;
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;
/** Where the projects of vitest.config.ts look. A test elsewhere would never run, and nobody would miss it. */
const TEST_PLACES = [
  /^(?:packages|apps)\/[^/]+\/src\//,
  /^tools\//,
  /^tests\/(?:gates|wire|interop|system|attack|rig|e2e)\/[^/]+$/,
];

export function fileNames(tree: Tree): readonly Finding[] {
  const code = tree.texts.filter((file) => CODE.test(file.path));
  return code.flatMap(({ path }) =>
    [...complaints(path)].map(([rule, message]) => ({ path, line: 1, rule, message })),
  );
}

function* complaints(path: string): Generator<readonly [rule: string, message: string]> {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  for (const part of parts) {
    const stem = part.split(".", 1)[0] ?? "";
    if (VAGUE.test(stem))
      yield ["file-name", `"${stem}" says nothing: name it after what it exports`];
    else if (stem !== "" && !KEBAB.test(part)) yield ["file-name", `"${part}" is not kebab-case`];
  }
  if (TEST.test(path) && !TEST_PLACES.some((place) => place.test(path)))
    yield ["test-place", "no suite of vitest.config.ts looks here, so this test would never run"];
  if (name === "index.ts" && !isEntry(path))
    yield ["barrel", "only a package's src/index.ts and a server folder's index.ts are entries"];
}

/** The two kinds of entry: a package's, and that of a folder of the server. */
export function isEntry(path: string): boolean {
  const workspace = workspaceOf(path);
  if (workspace === undefined) return false;
  const inside = path.slice(workspace.length + 1);
  return workspace === "apps/server"
    ? /^src\/[^/]+\/(?:[^/]+\/)?index\.ts$/.test(inside)
    : workspace.startsWith("packages/") && inside === "src/index.ts";
}
