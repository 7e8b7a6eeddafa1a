/**
 * `node tools/rig.ts OPTIONS`: a real bootloader, kernel and agent in a virtual machine, a real server, and power cuts.
 *
 *   --bootloader X   grub (the default) or u-boot, which is on arm64
 *   --image          only builds what is needed
 *   --cuts N         (20)
 *   --seed N         of the moments and of what the disk forgets (one more than the last in the ledger)
 *   --atom N         bytes that the disk writes whole or not at all: 4096, or 512, which is hostile
 *   --volatile       the bootloader's writes are in the disk's cache until Linux flushes it
 *   --control NAME   with a planted bug; --negative: every one of them; fails unless it is found
 *   --json           one line of JSON instead of sentences
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleAgent } from "./build/faulty-agent.ts";
import { BOARDS } from "./rig/boards/boards.ts";
import { RIG_CONTROLS, type RigControl, type RigControlName } from "./rig/campaign/rig-controls.ts";
import { buildImages, RIG_FOLDER } from "./rig/image/build-images.ts";
import { runRig, type RigOptions, type RigResult } from "./rig/campaign/run-rig.ts";
import type { Board } from "./rig/machine/board.ts";
import { RIG_INVARIANTS } from "./rig/campaign/rig-tally.ts";

const LEDGER = join(RIG_FOLDER, "ledger.json");
const { values } = parseArgs({
  options: {
    bootloader: { type: "string", default: "grub" },
    image: { type: "boolean", default: false },
    cuts: { type: "string", default: "20" },
    seed: { type: "string" },
    atom: { type: "string", default: "4096" },
    volatile: { type: "boolean", default: false },
    control: { type: "string" },
    negative: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const say = (line: string): void => {
  if (!values.json) console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
};

const board = chosenBoard();

// A machine and a server end with this process, by its `exit`, which a signal alone does not bring about.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const controls = Object.keys(RIG_CONTROLS) as RigControlName[];
if (values.image) buildImages(board, say);
else if (values.negative) for (const name of controls) await runControl(name);
else if (values.control !== undefined) {
  const name = controls.find((known) => known === values.control);
  if (name === undefined) throw new Error(`the controls are ${controls.join(", ")}`);
  await runControl(name);
} else await run();

function chosenBoard(): Board {
  const chosen = BOARDS[values.bootloader];
  if (chosen !== undefined) return chosen;
  throw new Error(`the bootloaders are ${Object.keys(BOARDS).join(", ")}`);
}

function optionsOf(seed: number): Omit<RigOptions, "images"> {
  return {
    folder: join(RIG_FOLDER, "run"),
    seed,
    cuts: Number(values.cuts),
    atomBytes: Number(values.atom),
    isVolatile: values.volatile,
    say,
  };
}

async function run(): Promise<void> {
  const ledger = readLedger();
  const seed = Number(values.seed ?? Math.max(0, ...ledger.map((one) => one.seed)) + 1);
  const result = await runRig({
    ...optionsOf(seed),
    images: buildImages(board, say),
    onProgress: (soFar) => writeLedger([...ledger, soFar]),
  });
  writeLedger([...ledger, result]);
  console.log(values.json ? JSON.stringify(result) : result);
  for (const { cycle, invariant, detail } of result.findings)
    console.error(
      `cut ${cycle}: ${invariant}: ${detail} (what must hold: ${RIG_INVARIANTS[invariant]})`,
    );
  if (result.findings.length > 0) process.exitCode = 1;
}

/** Runs a planted bug; what it is found by, and after how many cuts. */
async function runControl(name: RigControlName): Promise<void> {
  const control: RigControl = RIG_CONTROLS[name];
  const agent =
    control.agentEdits === undefined
      ? undefined
      : await bundleAgent(mkdtempSync(join(tmpdir(), "moult-planted-")), control.agentEdits);
  const images = buildImages(board, say, agent);
  const { findings, tally } = await runRig({
    ...optionsOf(Number(values.seed ?? 1)),
    images,
    control,
  });
  const found = findings.find(({ invariant }) => control.breaks.includes(invariant));
  const { cuts, starts } = tally;
  console.log(
    values.json
      ? JSON.stringify({ control: name, says: control.says, found: found ?? null, cuts, starts })
      : `${found === undefined ? "NOT FOUND" : `found at cut ${found.cycle}`}  ${name}: ${control.says}: ${found?.invariant ?? ""}`,
  );
  if (found === undefined) process.exitCode = 1;
}

/** Every run that was made here, so that campaigns of many runs add up. */
function readLedger(): readonly RigResult[] {
  return existsSync(LEDGER) ? (JSON.parse(readFileSync(LEDGER, "utf8")) as RigResult[]) : [];
}

function writeLedger(runs: readonly RigResult[]): void {
  mkdirSync(RIG_FOLDER, { recursive: true });
  writeFileSync(`${LEDGER}.new`, JSON.stringify(runs));
  renameSync(`${LEDGER}.new`, LEDGER);
}
