/**
 * `npm run bench -- [name...] [--json] [--runs=N] [--list]`: one file per question in this folder. Each run also
 * leaves its numbers in bench/results/<name>.json.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { AGENT_BUNDLE } from "../tools/local/local-agent.ts";
import type { Bench, BenchReport, BenchResult } from "./measure.ts";

const NOT_BENCHES = new Set(["run.ts", "measure.ts"]);
const RESULTS = join(import.meta.dirname, "results");

async function allBenches(): Promise<Bench[]> {
  const files = readdirSync(import.meta.dirname).filter(
    (file) => /^[a-z-]+\.ts$/.test(file) && !NOT_BENCHES.has(file),
  );
  return Promise.all(
    files.sort().map(async (file) => {
      const bench = (await import(`./${file}`)) as Bench;
      if (`${bench.name}.ts` !== file)
        throw new Error(`bench/${file} must export its name as "${file.slice(0, -".ts".length)}"`);
      return bench;
    }),
  );
}

const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory: totalmem(),
  node: process.version,
};

async function runBench(bench: Bench, runs: number, isJson: boolean): Promise<void> {
  const say = (line: string): void => console.error(line);
  if (!isJson) console.log(`\n${bench.name}: ${bench.question}`);
  const { results, ratios } = await bench.run({ runs, say });
  const report = { name: bench.name, question: bench.question, machine, results, ratios };
  const json = JSON.stringify(report, null, 2);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${bench.name}.json`), `${json}\n`);
  console.log(isJson ? json : table({ results, ratios }));
}

function table({ results, ratios }: BenchReport): string {
  const rows = [
    ["", "median", "least", "most", "unit", "runs"],
    ...results.map((result) => row(result)),
    ...Object.entries(ratios).map(([name, ratio]) => [name, number(ratio), "", "", "x", ""]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => width(row, column))));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => {
          const size = widths?.[column] ?? 0;
          return column === 0 || column === 4 ? cell.padEnd(size) : cell.padStart(size);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const width = (row: readonly string[], column: number): number => row[column]?.length ?? 0;

const row = ({ metric, median, min, max, unit, runs }: BenchResult): string[] => [
  metric,
  number(median),
  number(min),
  number(max),
  unit,
  String(runs),
];

/** Three digits that mean something, and all before the point. */
const number = (value: number): string =>
  Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 });

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
  },
});
const runs = Number(values.runs);
const benches = await allBenches();
const names = benches.map(({ name }) => name);
const nameLength = Math.max(...names.map(({ length }) => length));
const unknown = positionals.filter((name) => !names.includes(name));

if (!Number.isSafeInteger(runs) || runs < 1)
  fail(`--runs takes a whole number from 1, not ${values.runs}`);
else if (unknown.length > 0)
  fail(`no bench is called ${unknown.join(", ")}; there are ${names.join(", ")}`);
else if (values.list)
  for (const { name, question } of benches) console.log(`${name.padEnd(nameLength)}  ${question}`);
else if (!existsSync(AGENT_BUNDLE))
  fail("what ships is measured as it ships; run `npm run build` first");
else {
  const chosen = benches.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  for (const bench of chosen) await runBench(bench, runs, values.json);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 2;
}
