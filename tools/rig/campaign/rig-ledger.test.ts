import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  ledgerLine,
  ledgerTables,
  readLedger,
  sumOfRuns,
  writeLedger,
  type LedgerRun,
} from "./rig-ledger.ts";
import { emptyRigTally, type RigInvariant } from "./rig-tally.ts";

function run(bootloader: string, commit: string, cuts: number, broken: RigInvariant[] = []) {
  const tally = emptyRigTally();
  tally.cuts = cuts;
  tally.starts = 2 * cuts;
  for (const invariant of broken) tally.found[invariant] += 1;
  const of = { bootloader, commit, seed: 1, atomBytes: 512, isVolatile: false };
  return { ...of, tally, findings: [] } satisfies LedgerRun;
}

const control = (name: string, foundBy: string | null) => ({
  bootloader: "grub",
  control: name,
  commit: "c1",
  seed: 1,
  cycles: 3,
  foundBy,
});

test("runs add up for each bootloader, and say which commit stood how many cuts", () => {
  const [grub, uBoot] = sumOfRuns([
    run("grub", "c1", 20),
    run("u-boot", "c1", 5),
    run("grub", "c2", 10),
  ]);

  expect(grub).toMatchObject({ name: "grub", cuts: 30, boots: 60, bricks: 0, otherFindings: 0 });
  expect(grub?.cutsByCommit).toEqual({ c1: 20, c2: 10 });
  expect(uBoot).toMatchObject({ name: "u-boot", cuts: 5 });
});

test("every finding is counted, as what it means for a device or as another one", () => {
  const broken: RigInvariant[] = [
    "device-comes-back",
    "boots-whole-system",
    "good-slot-whole",
    "good-slot-healthy",
    "trial-is-bounded",
  ];
  expect(sumOfRuns([run("grub", "c1", 3, broken)])).toMatchObject([
    { bricks: 1, partialBoots: 2, unhealthyConfirmed: 1, otherFindings: 1 },
  ]);
});

test("a planted bug counts as it was when it was last looked for", () => {
  const controls = [control("one", null), control("two", "good-slot-whole"), control("one", null)];
  const missed = JSON.parse(ledgerLine({ runs: [], controls })) as Record<string, unknown>;
  expect(missed).toMatchObject({ negativeControls: 2, negativeControlsCaught: 1 });
  expect(missed["missed"]).toEqual(["grub one"]);

  const found = ledgerLine({
    runs: [],
    controls: [...controls, control("one", "start-as-chosen")],
  });
  expect(JSON.parse(found)).toMatchObject({ negativeControls: 2, negativeControlsCaught: 2 });
});

test("what people read has a row for each bootloader and each planted bug, and no table without rows", () => {
  const runs = [run("grub", "c1", 20), run("u-boot", "c1", 5), run("grub", "c2", 10)];
  const controls = [control("one", null), control("one", "good-slot-whole"), control("two", null)];

  const lines = ledgerTables({ runs, controls }).split("\n");
  expect(lines.filter((line) => line.startsWith("| grub | 30 | 0 | 60 |"))).toHaveLength(1);
  expect(lines).toContain("| grub | one | good-slot-whole | 3 |");
  expect(lines).toContain("| grub | two | not found | 3 |");
  expect(
    lines.filter((line) => line.includes("| grub |") || line.includes("| u-boot |")),
  ).toHaveLength(4);

  expect(ledgerTables({ runs: [], controls: [] })).toBe("");
});

test("a ledger is read as it was written, and is empty before", () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-ledger-"));
  const file = join(folder, "in", "ledger.json");
  expect(readLedger(file)).toEqual({ runs: [], controls: [] });
  const ledger = { runs: [run("grub", "c1", 1)], controls: [control("one", null)] };
  writeLedger(file, ledger);
  expect(readLedger(file)).toEqual(ledger);
  rmSync(folder, { recursive: true, force: true });
});
