/**
 * `node tools/rig.ts OPTIONS`: a real bootloader, kernel and agent in a virtual machine, a real server, and power cuts.
 *
 *   --bootloader X   grub (the default), grub-uefi, systemd-boot, u-boot (which is on arm64), or all of them in turn
 *   --image          only builds what is needed
 *   --cuts N         that find something to forget (20); a planted bug gets so many cuts of any kind
 *   --seed N         of the moments and of what the disk forgets (one more than the last in the ledger)
 *   --atom N         bytes that the disk writes whole or not at all: 4096, or 512, which is hostile
 *   --volatile       the bootloader's writes are in the disk's cache until Linux flushes it
 *   --control NAME   with a planted bug; --negative: every one of them; fails unless it is found
 *   --campaign       run after run, with a seed and a disk of its own each, until it is ended; begun again, it goes on
 *   --ledger FILE    where runs are added to (.build/rig/ledger.json); --sum: only says what all in it came to
 *   --json           one line of JSON about all that is in the ledger, instead of sentences
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { present } from "@moult/base";
import { bundleAgent } from "./build/faulty-agent.ts";
import { ROOT } from "./build/bundle-program.ts";
import { BOARDS } from "./rig/boards/boards.ts";
import {
  isFoundBy,
  RIG_CONTROLS,
  type RigControl,
  type RigControlName,
} from "./rig/campaign/rig-controls.ts";
import {
  ledgerLine,
  ledgerTables,
  readLedger,
  writeLedger,
  type LedgerRun,
} from "./rig/campaign/rig-ledger.ts";
import { buildImages, RIG_FOLDER } from "./rig/image/build-images.ts";
import { runRig, type RigOptions, type RigResult } from "./rig/campaign/run-rig.ts";
import type { Board } from "./rig/machine/board.ts";
import { cyclesOf, RIG_INVARIANTS } from "./rig/campaign/rig-tally.ts";

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
    campaign: { type: "boolean", default: false },
    ledger: { type: "string", default: join(RIG_FOLDER, "ledger.json") },
    sum: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const say = (line: string): void => {
  if (!values.json) console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
};
const boards = chosenBoards();
const commit = commitNow();

/** The disks that a campaign goes through, one run after the other. */
const DISKS: readonly Run[] = [
  { atomBytes: 4096, isVolatile: false },
  { atomBytes: 512, isVolatile: false },
  { atomBytes: 512, isVolatile: true },
  { atomBytes: 4096, isVolatile: true },
];

// A machine and a server end with this process, by its `exit`, which a signal alone does not bring about.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const controls = Object.keys(RIG_CONTROLS) as RigControlName[];
if (values.image) for (const board of boards) buildImages(board, say);
else if (values.campaign) await campaign();
else if (values.negative) await runEach(controls);
else if (values.control !== undefined) {
  const name = controls.find((known) => known === values.control);
  if (name === undefined) throw new Error(`the controls are ${controls.join(", ")}`);
  await runEach([name]);
} else if (!values.sum) for (const board of boards) await run(board, {});
if (values.json) console.log(ledgerLine(readLedger(values.ledger)));
else if (!values.image) console.log(ledgerTables(readLedger(values.ledger)));

function chosenBoards(): readonly Board[] {
  if (values.bootloader === "all") return Object.values(BOARDS);
  const chosen = BOARDS[values.bootloader];
  if (chosen !== undefined) return [chosen];
  throw new Error(`the bootloaders are ${Object.keys(BOARDS).join(", ")}, or all of them`);
}

function commitNow(): string {
  const git = (...args: string[]): string =>
    spawnSync("git", args, { cwd: ROOT, encoding: "utf8" }).stdout.trim();
  const changes = git("status", "--porcelain", "--untracked-files=no");
  return git("rev-parse", "--short=12", "HEAD") + (changes === "" ? "" : "+");
}

type Run = Partial<Pick<RigOptions, "cuts" | "atomBytes" | "isVolatile">>;

function optionsOf({ name }: Board, seed: number): Omit<RigOptions, "images"> {
  return {
    folder: join(RIG_FOLDER, `run-${name}`),
    seed,
    cuts: Number(values.cuts),
    atomBytes: Number(values.atom),
    isVolatile: values.volatile,
    say,
  };
}

async function run(board: Board, over: Run): Promise<RigResult> {
  const ledger = readLedger(values.ledger);
  const seed = Number(values.seed ?? Math.max(0, ...ledger.runs.map((one) => one.seed)) + 1);
  const write = (result: RigResult): void => {
    const mine: LedgerRun = { commit, ...result };
    // Read anew each time: another board may be run beside this one.
    const { runs, controls: looked } = readLedger(values.ledger);
    const others = runs.filter(
      (one) => one.seed !== seed || one.bootloader !== board.name || one.commit !== commit,
    );
    writeLedger(values.ledger, { runs: [...others, mine], controls: looked });
  };
  const result = await runRig({
    ...optionsOf(board, seed),
    ...over,
    images: buildImages(board, say),
    onProgress: write,
  });
  write(result);
  if (!values.json) console.log(result);
  for (const { cycle, invariant, detail } of result.findings)
    console.error(
      `seed ${seed}, cut ${cycle}: ${invariant}: ${detail} (what must hold: ${RIG_INVARIANTS[invariant]})`,
    );
  if (result.findings.length > 0) process.exitCode = 1;
  return result;
}

/** The bootloaders in turn, and with each round another disk. */
async function campaign(): Promise<void> {
  for (let index = readLedger(values.ledger).runs.length; ; index += 1) {
    const disk = DISKS[Math.floor(index / boards.length) % DISKS.length];
    try {
      await run(present(boards[index % boards.length], "a board"), disk ?? {});
    } catch (error) {
      // A server that did not come up on a busy machine, say: it is no cut's doing, and no reason to end.
      console.error(error);
      process.exitCode = 1;
    }
  }
}

async function runEach(names: readonly RigControlName[]): Promise<void> {
  for (const board of boards) for (const name of names) await runControl(board, name);
}

/** Runs a planted bug; what it is found by, and after how many cuts. */
async function runControl(board: Board, name: RigControlName): Promise<void> {
  const control: RigControl = RIG_CONTROLS[name];
  if (control.boards?.includes(board.name) === false) return;
  const agentBundle =
    control.agentEdits === undefined
      ? undefined
      : await bundleAgent(mkdtempSync(join(tmpdir(), "moult-planted-")), control.agentEdits);
  const seed = Number(values.seed ?? 1);
  const images = buildImages(board, say, { agentBundle, only: control.systems });
  const { findings, tally } = await runRig({
    ...optionsOf(board, seed),
    atomBytes: control.atomBytes ?? Number(values.atom),
    images,
    control,
  });
  const found = findings.find((finding) => isFoundBy(control, finding));
  const { runs, controls: looked } = readLedger(values.ledger);
  const result = {
    bootloader: board.name,
    control: name,
    commit,
    seed,
    foundBy: found?.invariant ?? null,
    cycles: cyclesOf(tally),
  };
  writeLedger(values.ledger, { runs, controls: [...looked, result] });
  say(
    `${found === undefined ? "NOT FOUND" : `found at cut ${found.cycle}`}  ${name}: ${control.says}: ${found?.invariant ?? ""}: ${found?.detail ?? ""}`,
  );
  if (found === undefined) {
    console.error(`planted and not found: ${name} (${control.says})`);
    process.exitCode = 1;
  }
}
