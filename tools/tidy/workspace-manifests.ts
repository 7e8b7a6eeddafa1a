import { entriesAt, parseJson, stringAt, valueAt } from "../json-value.ts";
import { lineAt, type Finding, type Tree } from "./tree.ts";
import { resolveRelative, workspaceOf } from "./workspace-of.ts";

const MANIFEST = /^(?:packages|apps)\/[^/]+\/package\.json$/;
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const ROOTS = ["tsconfig.json", "tsconfig.tests.json"];

interface Workspace {
  readonly folder: string;
  readonly manifestPath: string;
  readonly manifest: unknown;
}

/** Three lists say what a workspace uses (imports, package.json, tsconfig references); they must be one. */
export function workspaceManifests(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  const workspaces: Workspace[] = [];
  for (const { path, text } of tree.texts) {
    if (path !== "package.json" && !MANIFEST.test(path)) continue;
    const manifest = parseJson(text);
    if (manifest === undefined) findings.push(finding(path, "is not valid JSON"));
    else {
      findings.push(...inexactVersions(path, text, manifest));
      if (path !== "package.json")
        workspaces.push({ folder: workspaceOf(path) ?? "", manifestPath: path, manifest });
    }
  }
  const versions = new Map(
    workspaces.map(({ manifest }) => [stringAt(manifest, "name"), stringAt(manifest, "version")]),
  );
  for (const workspace of workspaces) {
    findings.push(...dependencyFindings(tree, workspace));
    findings.push(...versionFindings(workspace, versions));
    findings.push(...referenceFindings(tree, workspace));
  }
  for (const root of ROOTS) findings.push(...rootReferences(tree, root, workspaces));
  return findings;
}

function dependencyFindings(tree: Tree, { folder, manifestPath, manifest }: Workspace): Finding[] {
  const declared = moultNames(manifest, "dependencies");
  const forTests = moultNames(manifest, "devDependencies");
  const used = { shipped: new Set<string>(), tests: new Set<string>() };
  for (const file of tree.sources) {
    if (workspaceOf(file.path) !== folder) continue;
    for (const { specifier } of file.scan.imports) {
      const name = /^@moult\/[^/]+/.exec(specifier)?.[0];
      if (name !== undefined) (file.isTest ? used.tests : used.shipped).add(name);
    }
  }
  return [
    said("imports without declaring", minus(used.shipped, declared)),
    said("declares without importing", minus(declared, used.shipped)),
    said(
      "lacks the devDependencies that its tests import:",
      minus(used.tests, new Set([...declared, ...forTests])),
    ),
    said("declares devDependencies that no test imports:", minus(forTests, used.tests)),
  ].flatMap((message) => (message === undefined ? [] : [finding(manifestPath, message)]));
}

const said = (what: string, names: readonly string[]): string | undefined =>
  names.length === 0 ? undefined : `${what} ${names.join(", ")}`;

/** Another version than the workspace's own would be looked for on a registry. */
function versionFindings(
  { manifestPath, manifest }: Workspace,
  versions: ReadonlyMap<string, string>,
): Finding[] {
  const all = { ...recordAt(manifest, "dependencies"), ...recordAt(manifest, "devDependencies") };
  return Object.entries(all)
    .filter(([name, version]) => name.startsWith("@moult/") && versions.get(name) !== version)
    .map(([name, version]) =>
      finding(
        manifestPath,
        `wants ${name} ${version}, the workspace is ${versions.get(name) ?? "missing"}`,
      ),
    );
}

function referenceFindings(tree: Tree, { folder, manifest }: Workspace): Finding[] {
  const path = `${folder}/tsconfig.json`;
  const referenced = references(tree, path);
  if (referenced === undefined) return [finding(path, "is missing or not valid JSON")];
  const wanted = new Set(
    [...moultNames(manifest, "dependencies")].map(
      (name) => `packages/${name.slice("@moult/".length)}`,
    ),
  );
  return [
    ...minus(wanted, referenced).map((name) => finding(path, `lacks the reference to ${name}`)),
    ...minus(referenced, wanted).map((name) =>
      finding(path, `references ${name}, which package.json does not declare`),
    ),
  ];
}

function rootReferences(tree: Tree, path: string, workspaces: readonly Workspace[]): Finding[] {
  if (workspaces.length === 0) return [];
  const referenced = references(tree, path);
  if (referenced === undefined) return [finding(path, "is missing or not valid JSON")];
  const wanted = new Set(workspaces.map(({ folder }) => folder));
  return [
    ...minus(wanted, referenced).map((name) => finding(path, `lacks the reference to ${name}`)),
    ...minus(referenced, wanted).map((name) => finding(path, `references ${name}, which is gone`)),
  ];
}

function references(tree: Tree, path: string): Set<string> | undefined {
  const config = parseJson(tree.text(path) ?? "");
  if (config === undefined) return undefined;
  const list = valueAt(config, "references");
  const paths = Array.isArray(list) ? list.map((entry) => stringAt(entry, "path")) : [];
  return new Set(paths.map((reference) => resolveRelative(path, reference)));
}

/** Exact versions, so that a reader of package.json knows what runs. */
function inexactVersions(path: string, text: string, manifest: unknown): Finding[] {
  return ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.entries(recordAt(manifest, kind))
      .filter(([, version]) => !EXACT.test(version))
      .map(([name, version]) => ({
        ...finding(path, `${name} "${version}" is not an exact version`),
        line: lineAt(text, Math.max(0, text.indexOf(`"${name}"`))),
      })),
  );
}

const finding = (path: string, message: string): Finding => ({
  path,
  line: 1,
  rule: "manifest",
  message,
});

const minus = (all: ReadonlySet<string>, without: ReadonlySet<string>): string[] =>
  [...all].filter((name) => !without.has(name)).sort();

const moultNames = (manifest: unknown, kind: string): Set<string> =>
  new Set(Object.keys(recordAt(manifest, kind)).filter((name) => name.startsWith("@moult/")));

function recordAt(value: unknown, key: string): Record<string, string> {
  return Object.fromEntries(
    entriesAt(valueAt(value, key)).map(([name, version]) => [name, String(version)]),
  );
}
