import { findAll, type Finding, type TextFile, type Tree } from "./tree.ts";
import { entriesAt, parseJson, valueAt } from "../json-value.ts";

const LOCKFILE = /(?:^|\/)package-lock\.json$/;
const RESOLVED = /"resolved":\s*"[a-z+]+:\/\/[^"]*"/g;

export const isLockfile = (path: string): boolean => LOCKFILE.test(path);

/** What makes `npm ci` work for everybody: on another registry, on another platform, with another npm. */
export function lockfile(tree: Tree): readonly Finding[] {
  return tree.texts
    .filter(({ path }) => isLockfile(path))
    .flatMap((file) => [...namedRegistries(file), ...missingPlatforms(file)]);
}

/** Without `resolved` the integrity hashes alone say what a package is, and any mirror will do. */
function namedRegistries({ path, text }: TextFile): Finding[] {
  return findAll(
    path,
    text,
    RESOLVED,
    "registry-host",
    () => "install with omit-lockfile-registry-resolved: the lockfile names no registry",
  );
}

/**
 * npm leaves out what it could not resolve for other platforms, without a word, and npm 11 then refuses the lockfile.
 * An older release of the package that all platforms have is the way out.
 */
function missingPlatforms({ path, text }: TextFile): Finding[] {
  const packages = valueAt(parseJson(text), "packages");
  const known = new Set(entriesAt(packages).map(([folder]) => folder));
  return entriesAt(packages).flatMap(([folder, entry]) => {
    const missing = entriesAt(valueAt(entry, "optionalDependencies"))
      .map(([name]) => name)
      .filter((name) => !isInstalled(known, folder, name));
    if (missing.length === 0) return [];
    const line = text.slice(0, Math.max(0, text.indexOf(`"${folder}"`))).split("\n").length;
    const message = `${folder} lacks ${missing.length} of its platforms, such as ${missing[0]}`;
    return [{ path, line, rule: "lockfile", message }];
  });
}

/** Node's own look-up: in the package's node_modules, then in those of the folders above it. */
function isInstalled(known: ReadonlySet<string>, folder: string, name: string): boolean {
  for (let parent = folder; parent !== "";) {
    if (known.has(`${parent}/node_modules/${name}`)) return true;
    const above = parent.lastIndexOf("/node_modules/");
    parent = above === -1 ? "" : parent.slice(0, above);
  }
  return known.has(`node_modules/${name}`);
}
