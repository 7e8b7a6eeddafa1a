import { fileNames } from "./file-names.ts";
import { fileSizes } from "./file-sizes.ts";
import { importTable } from "./import-table.ts";
import { lockfile } from "./lockfile.ts";
import { serverFolders } from "./server-folders.ts";
import { sourceRules } from "./source-rules.ts";
import { sqlPlaces } from "./sql-places.ts";
import { textRules } from "./text-rules.ts";
import type { Finding, Rule, Tree } from "./tree.ts";
import { workspaceManifests } from "./workspace-manifests.ts";

const RULES: readonly Rule[] = [
  importTable,
  serverFolders,
  workspaceManifests,
  fileNames,
  fileSizes,
  sourceRules,
  sqlPlaces,
  textRules,
  lockfile,
];

/** Every finding of every rule, in the order of the tree's paths. */
export function tidyFindings(tree: Tree): readonly Finding[] {
  return RULES.flatMap((rule) => rule(tree)).sort(
    (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || a.line - b.line,
  );
}
