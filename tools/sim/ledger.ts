import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { emptyTally, type Finding, type Tally } from "@moult/simulator";

/** How far a campaign has come, so that it can go on another day. */
export interface Ledger {
  /** Of the code that was run: results of other code do not count for this one. */
  readonly code: string;
  /** Every seed below it was run. */
  nextSeed: number;
  /** What the processors spent, and on how many updates. */
  cpuSeconds: number;
  timedUpdates: number;
  readonly tally: Tally;
  readonly findings: Finding[];
}

const HASHED = ["packages/simulator/src", "packages/agent-core/src", "packages/updater/src"];

/** A digest of the code that the worlds of single devices run, without its tests. */
export function codeDigest(root: string): string {
  const hash = createHash("sha256");
  for (const folder of HASHED)
    for (const name of readdirSync(join(root, folder)).toSorted())
      if (name.endsWith(".ts") && !/\.(test|fixture)\.ts$|^render-|^(simulate-)?fleet/.test(name))
        hash.update(name).update(readFileSync(join(root, folder, name)));
  return hash.digest("hex").slice(0, 16);
}

/** The ledger in `file`, or a new one when there is none of this code. */
export function openLedger(file: string, code: string): Ledger {
  if (existsSync(file)) {
    const found = JSON.parse(readFileSync(file, "utf8")) as Ledger;
    if (found.code === code) return found;
  }
  return { code, nextSeed: 0, cpuSeconds: 0, timedUpdates: 0, tally: emptyTally(), findings: [] };
}

export function saveLedger(file: string, ledger: Ledger): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(ledger));
  renameSync(`${file}.new`, file);
}
