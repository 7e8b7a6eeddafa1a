import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "@moult/base";
import { ALL_ATTACKS } from "./attacks/all-attacks.ts";
import type { Attack, RowResult } from "./attack.fixture.ts";
import type { Control } from "./control.fixture.ts";
import { CONTROLS } from "./controls.fixture.ts";
import { bundleAgent } from "../../tools/build/faulty-agent.ts";
import { runAttack, runEvil } from "./run-attack.fixture.ts";
import { makeStock, type Stock } from "./stock.fixture.ts";

/** What the attacks of one run share. */
export interface Ground {
  readonly folder: string;
  /** The agent, bundled from the present sources by the same code and with the same options as the one that ships. */
  readonly bundle: string;
  readonly stock: Stock;
  close(): void;
}

export async function prepareGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "moult-attack-"));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const bundle = await bundleAgent(folder);
    return { folder, bundle, stock: await makeStock(folder, bundle), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Runs `work` for all items, `atOnce` at a time; results in the order of the items. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Most of a row is waiting, so more than one goes on per processor. */
const ROWS_AT_ONCE = 8;

export interface ControlResult {
  readonly rule: string;
  readonly attack: string;
  readonly outcome: "works" | "unrefused" | "refused";
  readonly rulesNamed: readonly string[];
  readonly isAsExpected: boolean;
}

/** Runs a control's attack against an agent without its rule. */
export async function runControl(
  { rule, attack: name, edits, expects }: Control,
  { stock, folder }: Ground,
): Promise<ControlResult> {
  const attack = present(
    ALL_ATTACKS.find((each) => each.name === name),
    `there is an attack ${name}`,
  );
  const bundle = await bundleAgent(folder, edits);
  const { succeeded, rulesNamed } = await runEvil(
    attack,
    stock,
    bundle,
    attack.kind === "install" && expects === "works" ? undefined : SHORT_PATIENCE_MS,
  );
  const isRefused = rulesNamed.includes(attack.rule);
  const outcome = succeeded ? "works" : isRefused ? "refused" : "unrefused";
  const isAsExpected =
    typeof expects === "string"
      ? outcome === expects
      : !succeeded && rulesNamed.includes(expects.heldBy);
  return { rule, attack: name, outcome, rulesNamed, isAsExpected };
}

/** For what must keep a device busy without being refused. */
const SHORT_PATIENCE_MS = 6_000;

/** The sum of a run, as the command prints it. */
export interface AttackReport {
  readonly attacks: number;
  readonly refused: number;
  readonly installed: number;
  readonly undetectedFreezes: number;
  readonly rows: readonly RowResult[];
}

export async function runAttacks(
  attacks: readonly Attack[],
  { stock, bundle }: Ground,
  onRow: (row: RowResult) => void = () => undefined,
): Promise<AttackReport> {
  const rows = await inParallel(attacks, ROWS_AT_ONCE, async (attack) => {
    const row = await runAttack(attack, stock, bundle);
    onRow(row);
    return row;
  });
  return reportOf(rows);
}

export const isGood = ({ outcome, twin }: RowResult): boolean =>
  ["refused", "noticed", "recovered"].includes(outcome) && twin === "installed";

function reportOf(rows: readonly RowResult[]): AttackReport {
  return {
    attacks: rows.length,
    refused: rows.filter(isGood).length,
    installed: rows.filter(({ outcome }) => outcome === "installed").length,
    undetectedFreezes: rows.filter(
      ({ kind, attacker, outcome }) =>
        kind === "freeze" && attacker === "network" && outcome !== "noticed",
    ).length,
    rows,
  };
}

/** The controls of these attacks: the agent without one rule at a time. */
export function runControls(
  attacks: readonly Attack[],
  ground: Ground,
  onControl: (result: ControlResult) => void = () => undefined,
): Promise<ControlResult[]> {
  const wanted = CONTROLS.filter(({ attack }) => attacks.some(({ name }) => name === attack));
  return inParallel(wanted, ROWS_AT_ONCE, async (control) => {
    const result = await runControl(control, ground);
    onControl(result);
    return result;
  });
}
