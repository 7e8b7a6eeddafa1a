import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALL_ATTACKS } from "./attacks/all-attacks.ts";
import { HAWKBIT_CONTROLS } from "../../tools/attack/hawkbit-controls.ts";
import { CONTROLS } from "./controls.fixture.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const documentText = read("docs/proof/attack.md");
const checklist = documentText.split("\n").flatMap((line) => {
  const [, number, , tested] = /^\| (\d+) +\| ([^|]+) \| ([^|]+) \|$/.exec(line) ?? [];
  return number === undefined || tested === undefined ? [] : [{ number: Number(number), tested }];
});

test("every failure of the checklist has its line, with a test or the reason why there is none yet", () => {
  expect(checklist.map(({ number }) => number)).toEqual(
    Array.from({ length: 44 }, (_, index) => index + 1),
  );
  for (const { tested } of checklist) expect(tested).toMatch(/`|not applicable yet/);
});

test("what a line of the checklist names is there: attacks, files, and tests in them", () => {
  const attacks = new Set(ALL_ATTACKS.map(({ name }) => name));
  for (const { tested } of checklist)
    for (const [, name = "", rest = ""] of tested.matchAll(/`([^`]+)`(: [^;`.]+)?/g)) {
      if (!name.includes("/")) {
        if (!name.includes("…")) expect(attacks).toContain(name);
        continue;
      }
      expect(existsSync(join(ROOT, name)), name).toBe(true);
      const title = rest.slice(2).trim();
      expect(read(name).includes(title), `${name}: ${title}`).toBe(true);
    }
});

test("each attack stands in the lines of the checklist that it is for", () => {
  for (const { name, checklist: numbers } of ALL_ATTACKS)
    for (const number of numbers)
      expect(checklist.find((line) => line.number === number)?.tested, `${number}`).toContain(
        `\`${name}\``,
      );
});

test("the committed report is of these attacks and controls, and all of it is as it must be", () => {
  const report = JSON.parse(read("docs/proof/attack.json")) as {
    readonly attacks: number;
    readonly refused: number;
    readonly installed: number;
    readonly undetectedFreezes: number;
    readonly rows: readonly { readonly name: string; readonly rule: string }[];
    readonly controls: readonly {
      readonly rule: string;
      readonly attack: string;
      readonly isAsExpected: boolean;
    }[];
  };

  const { attacks, refused, installed, undetectedFreezes, rows, controls } = report;
  expect({ attacks, refused, installed, undetectedFreezes }).toEqual({
    attacks: ALL_ATTACKS.length,
    refused: ALL_ATTACKS.length,
    installed: 0,
    undetectedFreezes: 0,
  });
  expect(rows.map(({ name, rule }) => [name, rule])).toEqual(
    ALL_ATTACKS.map(({ name, rule }) => [name, rule]),
  );
  expect(controls.map(({ rule, attack }) => [rule, attack])).toEqual(
    CONTROLS.map(({ rule, attack }) => [rule, attack]),
  );
  expect(controls.filter(({ isAsExpected }) => !isAsExpected)).toEqual([]);
});

test("the document shows the rows of the report", () => {
  const [, rows = ""] = documentText.split("## The rows\n");
  expect([...rows.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name)).toEqual(
    ALL_ATTACKS.map(({ name }) => name),
  );
});

test("the document shows what hostile clients of hawkBit's protocol try, and which control finds each", () => {
  const tests = read("apps/server/src/protocols/hawkbit/hawkbit-attacks.store.test.ts");
  const [, section = ""] = /## Clients of other makers\n([^#]+)/.exec(documentText) ?? [];
  const shown = [...section.matchAll(/^\| `([^`]+)` +\|[^|]+\| ([^|]+) \|$/gm)];
  expect(shown.map(([, row]) => row)).toEqual(
    [...tests.matchAll(/^ {2}test\("([^"]+)"/gm)].map(([, row]) => row),
  );
  for (const [, row, found = ""] of shown) {
    const controls = HAWKBIT_CONTROLS.filter((control) => control.row === row);
    const without = controls.map((control) => control.without).join("; ");
    if (controls.length === 0) expect(found).toMatch(/^no control: /);
    else expect(found.trim()).toBe(without);
  }
});

test("every rule that refuses something has a control, or the document says why not", () => {
  const controlled = new Set(CONTROLS.map(({ rule }) => rule.split(":", 1)[0]));
  const rules = new Set(ALL_ATTACKS.map(({ rule }) => rule));
  const [, without = ""] = /## Rules without a control\n([^#]+)/.exec(documentText) ?? [];
  expect(
    [...rules].filter((rule) => !controlled.has(rule) && !without.includes(`\`${rule}\``)),
  ).toEqual([]);
});
