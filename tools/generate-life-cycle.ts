/**
 * `node tools/generate-life-cycle.ts`: writes the tables of docs/protocol/life-cycle.md, between their marks, from the
 * updater's life cycle and failure codes. `--check` writes nothing and fails when the document is not what the code says;
 * `--file=PATH` names another file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { FAILURE_MEANINGS, LIFE_CYCLE, STATE_WORDS, type UpdateState } from "@moult/updater";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, file: { type: "string" } },
});
const path = values.file ?? join(dirname(import.meta.dirname), "docs/protocol/life-cycle.md");

type Row = readonly string[];
const KINDS = Object.keys(LIFE_CYCLE) as readonly UpdateState["kind"][];
const code = (text: string): string => `\`${text}\``;
const codes = (texts: readonly string[]): string => texts.map(code).join(", ");

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  states: [
    ["state", "what goes on", "work", "on success", "on failure"],
    ...KINDS.map((kind): Row => {
      const { effects, onSuccess, onFailure } = LIFE_CYCLE[kind];
      return [
        code(kind),
        STATE_WORDS[kind].doing,
        codes(effects),
        codes(onSuccess),
        codes(onFailure),
      ];
    }),
  ],
  starts: [
    ["state", "Mender's state", "Mender's saved state", "a start", "the server takes it back"],
    ...KINDS.map((kind): Row => {
      const { onStart, onWithdrawn } = LIFE_CYCLE[kind];
      const { menderState, menderSaved } = STATE_WORDS[kind];
      return [
        code(kind),
        menderState === undefined ? "" : code(menderState),
        menderSaved === undefined ? "" : code(menderSaved),
        onStart,
        onWithdrawn,
      ];
    }),
  ],
  codes: [
    ["code", "meaning"],
    ...Object.entries(FAILURE_MEANINGS).map(([name, meaning]): Row => [code(name), meaning]),
  ],
};

/** As the formatter aligns tables, so that it leaves them alone. */
function tableText([head = [], ...rows]: readonly Row[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: Row): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function withTables(document: string): string {
  let written = document;
  for (const [name, rows] of Object.entries(TABLES)) {
    const begin = `<!-- table: ${name} -->`;
    const end = `<!-- end of table: ${name} -->`;
    const from = written.indexOf(begin);
    const to = written.indexOf(end);
    if (from === -1 || to < from) throw new Error(`${path} has no marks of the table ${name}`);
    written = `${written.slice(0, from + begin.length)}\n\n${tableText(rows)}\n\n${written.slice(to)}`;
  }
  return written;
}

const found = readFileSync(path, "utf8");
const wanted = withTables(found);
if (!values.check) writeFileSync(path, wanted);
else if (found !== wanted) {
  const lines = found.split("\n");
  const at = wanted.split("\n").findIndex((line, index) => line !== lines[index]);
  console.error(
    `${path} does not say what the life cycle is; the first difference is in line ${at + 1}.`,
  );
  console.error("Run `npm run generate`, look at the difference, and commit it.");
  process.exitCode = 1;
}
