import { readFileSync, writeFileSync } from "node:fs";
import type { RowResult } from "../../tests/attack/attack.fixture.ts";
import type { AttackReport, ControlResult } from "../../tests/attack/run-attacks.fixture.ts";

export interface WholeReport extends AttackReport {
  /** Of the run. */
  readonly date: string;
  /** SHA-256 of the agent that was attacked. */
  readonly agentSha256: string;
  readonly controls: readonly ControlResult[];
}

const ROWS = "## The rows\n";
const SUMS = /\| date +\|[^]*?\n\n/;

/** Writes what came of a whole run into docs/proof: all of it as JSON, and its sums and rows into the document. */
export function writeReport(report: WholeReport, folder: string): void {
  writeFileSync(`${folder}/attack.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  const file = `${folder}/attack.md`;
  const [text = ""] = readFileSync(file, "utf8").split(ROWS);
  if (!SUMS.test(text)) throw new Error(`${file} has no table of sums`);
  const written = text.replace(SUMS, `${sumsOf(report)}\n`) + ROWS + rowsOf(report.rows);
  writeFileSync(file, written);
}

function sumsOf({
  date,
  attacks,
  refused,
  installed,
  undetectedFreezes,
  rows,
  controls,
}: WholeReport): string {
  const count = (of: (row: RowResult) => boolean): number => rows.filter(of).length;
  return table([
    [
      "date",
      "attacks",
      "of the server",
      "of the network",
      "refused",
      "installed",
      "freezes unnoticed",
      "twins installed",
      "controls",
      "as expected",
    ],
    [
      date,
      attacks,
      count(({ attacker }) => attacker === "evil-server"),
      count(({ attacker }) => attacker === "network"),
      refused,
      installed,
      undetectedFreezes,
      count(({ twin }) => twin === "installed"),
      controls.length,
      controls.filter(({ isAsExpected }) => isAsExpected).length,
    ],
  ]);
}

const rowsOf = (rows: readonly RowResult[]): string =>
  `\n${table([
    ["row", "attacker", "what came of it", "rule"],
    ...rows.map(({ name, attacker, outcome, bound, rule }) => [
      `\`${name}\``,
      attacker,
      bound === undefined ? outcome : `${outcome}; bound: ${bound}`,
      rule ?? "",
    ]),
  ])}`;

function table([head = [], ...rows]: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}
