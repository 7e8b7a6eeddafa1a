import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** Everything that a file imports as it is loaded, and what those import: relative files and names of packages. */
function loadedBy(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, clause = "", specifier = ""] of text.matchAll(
    /^(?:import|export)\s([^;]*?)\sfrom "([^"]+)";/gm,
  )) {
    if (clause.startsWith("type ")) continue;
    if (specifier.startsWith(".")) loadedBy(join(dirname(path), specifier), seen);
    else seen.add(specifier);
  }
  return seen;
}

test("the help comes at once: no command, no schema and no library is loaded for it", () => {
  const loaded = [...loadedBy(join(import.meta.dirname, "main.ts"))];

  expect(loaded.filter((name) => /\/commands\//.test(name))).toEqual([]);
  expect(loaded.filter((name) => !name.startsWith("/") && !name.startsWith("node:"))).toEqual([
    "@moult/base",
  ]);
  expect(loaded.length).toBeGreaterThan(10);
});

test("a command does load them", () => {
  const loaded = [...loadedBy(join(import.meta.dirname, "commands/device-provision.ts"))];

  expect(loaded).toContain("zod");
  expect(loaded).toContain("@moult/client");
});
