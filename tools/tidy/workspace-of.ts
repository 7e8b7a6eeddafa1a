/** `packages/planner` for `packages/planner/src/decide.ts`; undefined for what lies in no workspace. */
export function workspaceOf(path: string): string | undefined {
  return /^(?:packages|apps)\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** Resolves a relative specifier against the file that imports it, within the tree. */
export function resolveRelative(path: string, specifier: string): string {
  const parts = path.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
