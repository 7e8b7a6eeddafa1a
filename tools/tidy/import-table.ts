import { lineAt, type Finding, type SourceFile, type Tree } from "./tree.ts";
import { resolveRelative, workspaceOf } from "./workspace-of.ts";

/**
 * Who may import whom. A workspace that is missing here fails, so that nothing is added without a decision about its
 * place. The two brains (planner, updater) know neither each other nor the operator API: what they decide must not
 * depend on how it is asked for or shown.
 */
const IMPORT_TABLE: Readonly<Record<string, readonly string[]>> = {
  "packages/base": [],
  "packages/model": ["base"],
  "packages/query": ["base", "model"],
  "packages/api": ["base", "model", "query"],
  "packages/client": ["base", "model", "api"],
  "packages/device-protocol": ["base", "model"],
  "packages/artifact": ["base", "model"],
  "packages/delta": ["base", "model"],
  "packages/trust": ["base", "model"],
  "packages/node-crypto": ["base"],
  "packages/signing": ["base", "model", "trust", "node-crypto"],
  "packages/planner": ["base", "model", "query"],
  "packages/updater": ["base", "model"],
  // The portable half of the agent, which the simulator runs as well: shells that act, but only through ports.
  "packages/agent-core": ["base", "model", "updater"],
  "packages/simulator": ["base", "model", "artifact", "trust", "planner", "updater", "agent-core"],
  "apps/server": [
    "base",
    "model",
    "api",
    "device-protocol",
    "artifact",
    "delta",
    "trust",
    "node-crypto",
    "planner",
    "query",
  ],
  "apps/signer": ["base", "model", "trust", "node-crypto", "signing", "planner"],
  // It verifies nothing: of trust it takes what reads and compares metadata.
  "apps/web": ["base", "model", "api", "client", "query", "trust"],
  // It writes the provisioning file that devices read, hence device-protocol.
  "apps/cli": [
    "base",
    "model",
    "api",
    "client",
    "device-protocol",
    "artifact",
    "delta",
    "trust",
    "node-crypto",
    "signing",
  ],
  "apps/agent": [
    "base",
    "model",
    "device-protocol",
    "artifact",
    "delta",
    "trust",
    "node-crypto",
    "updater",
    "agent-core",
  ],
};

const PACKAGES = new Set(
  Object.keys(IMPORT_TABLE)
    .filter((workspace) => workspace.startsWith("packages/"))
    .map((workspace) => workspace.slice("packages/".length)),
);

/** Directions between workspaces; those inside the server are in server-folders.ts. */
export function importTable(tree: Tree): readonly Finding[] {
  return [...unknownWorkspaces(tree), ...tree.sources.flatMap(importsOf)];
}

function unknownWorkspaces(tree: Tree): Finding[] {
  const workspaces = new Set(tree.texts.flatMap((file) => workspaceOf(file.path) ?? []));
  return [...workspaces]
    .filter((workspace) => IMPORT_TABLE[workspace] === undefined)
    .map((workspace) => ({
      path: `${workspace}/package.json`,
      line: 1,
      rule: "import-table",
      message: `${workspace} is missing from the table in tools/tidy/import-table.ts`,
    }));
}

function importsOf(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  for (const statement of file.scan.imports) {
    const message = complaint(file, statement.specifier);
    if (message === undefined) continue;
    const line = lineAt(file.text, statement.offset);
    findings.push({ path: file.path, line, rule: "import-table", message });
  }
  return findings;
}

function complaint(file: SourceFile, specifier: string): string | undefined {
  const workspace = workspaceOf(file.path);
  if (specifier.startsWith(".")) {
    const target = workspaceOf(resolveRelative(file.path, specifier));
    if (target === undefined || target === workspace) return undefined;
    return target.startsWith("apps/")
      ? `nobody imports an app (${target}): start it as a process`
      : `import ${target} by its name, not by a path`;
  }
  if (!specifier.startsWith("@moult/")) return undefined;

  const [name = "", ...rest] = specifier.slice("@moult/".length).split("/");
  if (!PACKAGES.has(name)) return `${specifier} is no package: nobody imports an app`;
  if (rest.length > 0) return `${specifier} goes past the package's index.ts`;
  if (workspace === undefined || file.isTest) return undefined;
  if (workspace === `packages/${name}`) return "a package does not import itself by its name";

  const allowed = IMPORT_TABLE[workspace];
  if (allowed === undefined || allowed.includes(name)) return undefined;
  return `${workspace} may not import @moult/${name}`;
}
