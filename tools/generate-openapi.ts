/**
 * `node tools/generate-openapi.ts`: writes packages/api/openapi.json from the operations table. `--check` writes nothing
 * and fails when the file is not what the table makes; `--file=PATH` names another file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { openApiDocument } from "@moult/api";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, file: { type: "string" } },
});
const path = values.file ?? join(dirname(import.meta.dirname), "packages/api/openapi.json");
const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;

if (!values.check) writeFileSync(path, text);
else {
  const difference = firstDifference(committed(), text);
  if (difference !== undefined) {
    console.error(`${path} is not what the operations table makes: ${difference}`);
    console.error("Run `npm run generate`, look at the difference, and commit it.");
    process.exitCode = 1;
  }
}

function committed(): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw cause;
  }
}

function firstDifference(found: string, wanted: string): string | undefined {
  if (found === wanted) return undefined;
  if (found === "") return "it is missing";
  const foundLines = found.split("\n");
  const wantedLines = wanted.split("\n");
  const index = wantedLines.findIndex((line, at) => line !== foundLines[at]);
  const at = index === -1 ? wantedLines.length : index;
  return `line ${at + 1} is "${foundLines[at] ?? ""}" and should be "${wantedLines[at] ?? ""}"`;
}
