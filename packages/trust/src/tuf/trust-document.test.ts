import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const document = readFileSync(
  join(import.meta.dirname, "../../../../docs/protocol/trust-v1.md"),
  "utf8",
);

/** The literals of the union of that name. */
function rulesOf(file: string, union: string): string[] {
  const source = readFileSync(join(import.meta.dirname, file), "utf8");
  const text = source.slice(source.indexOf(`export type ${union} =`)).split(";")[0] ?? "";
  return Array.from(text.matchAll(/\| "([a-z-]+)"/g), ([, rule]) => rule ?? "");
}

test.each([
  ["trust-rule.ts", "TrustRule", 21],
  ["install-refusal.ts", "InstallRule", 12],
])("every rule of %s stands in the protocol's document", (file, union, count) => {
  const rules = rulesOf(file, union);
  expect(rules).toHaveLength(count);
  expect(rules.filter((rule) => !document.includes(`\`${rule}\``))).toEqual([]);
});
