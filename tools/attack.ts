/**
 * `node tools/attack.ts [--json] [--only NAME] [--controls] [--report]`: an evil server and an evil network against the agent
 * that ships, each attack with its honest twin. `--controls` takes the agent's rules away one at a time: then attacks must work.
 * `--report` does all of that and writes what came of it into docs/proof.
 * Ends with 1 when anything is otherwise than it must be. docs/proof/attack.md says what all of it means.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { RowResult } from "../tests/attack/attack.fixture.ts";
import { ALL_ATTACKS } from "../tests/attack/attacks/all-attacks.ts";
import {
  isGood,
  prepareGround,
  runAttacks,
  runControls,
  type ControlResult,
} from "../tests/attack/run-attacks.fixture.ts";
import { writeReport } from "./attack/write-report.ts";
import { ROOT } from "./build/bundle-program.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    controls: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});
const hasControls = values.controls || values.report;

const attacks = ALL_ATTACKS.filter(({ name }) => values.only === undefined || name === values.only);
if (attacks.length === 0) {
  console.error(`no attack is called ${values.only}; the attacks are:`);
  for (const { name } of ALL_ATTACKS) console.error(`  ${name}`);
  process.exit(2);
}

const rowLine = ({ name, attacker, outcome, rule, twin, bound, trouble }: RowResult): string =>
  [
    `${name.padEnd(38)} ${attacker.padEnd(11)}  ${outcome}${rule === null ? "" : ` by ${rule}`}`,
    `twin ${twin ?? "did not run"}`,
    ...(bound === undefined ? [] : [`bound: ${bound}`]),
    ...(trouble === undefined ? [] : [trouble]),
  ].join("; ");

const controlLine = ({ rule, attack, outcome, isAsExpected, rulesNamed }: ControlResult): string =>
  `without ${rule}: ${attack} ${outcome}${isAsExpected ? "" : `, which is wrong; named: ${rulesNamed.join(", ")}`}`;

const say = (line: string): void => {
  if (!values.json) console.log(line);
};

const ground = await prepareGround();
try {
  const report = await runAttacks(attacks, ground, (row) => say(rowLine(row)));
  const controls = hasControls
    ? await runControls(attacks, ground, (control) => say(controlLine(control)))
    : undefined;
  const { rows, ...sums } = report;
  const whole = {
    date: new Date().toISOString().slice(0, 10),
    agentSha256: createHash("sha256").update(readFileSync(ground.bundle)).digest("hex"),
    ...report,
    controls: controls ?? [],
  };
  if (values.report && values.only === undefined) writeReport(whole, join(ROOT, "docs/proof"));
  console.log(JSON.stringify(values.json ? whole : sums, undefined, values.json ? 2 : 0));
  const isAllGood = rows.every(isGood) && (controls ?? []).every((each) => each.isAsExpected);
  process.exitCode = isAllGood ? 0 : 1;
} finally {
  ground.close();
}
