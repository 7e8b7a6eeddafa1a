import { join } from "node:path";
import type { Log } from "@moult/base";
import * as z from "zod";
import { makeFolder, readFileIfPresent, writeFileDurably } from "../storage/durable-file.ts";
import { whileWritable } from "../storage/kept-place.ts";

/** Since version 1. */
const Stored = z.object({ version: z.literal(1), securityCounter: z.int().min(0) });

const FILE = "security-counter.json";

/**
 * The lowest security counter that this device still installs. It never sinks: an old release with a known hole stays
 * out even when every online key is in the wrong hands.
 */
export interface SecurityCounter {
  /** The higher of the two copies. */
  read(): number;
  /** After a commit. Never below what was there; a copy that cannot be written is told by `troubles`, not thrown. */
  raise(to: number): Promise<void>;
  /** Writes again whichever copy is missing, damaged or behind. */
  repair(): Promise<void>;
  /** Why a copy does not hold the counter now, one sentence each; empty when all is well. */
  troubles(): readonly string[];
}

interface Copy {
  readonly folder: string;
  readonly file: string;
  counter: number | undefined;
  trouble: string | undefined;
}

/**
 * Opens the two copies, one in each folder: the data folder may be lost, and what lies beside the boot environment
 * outlives it. The counter of a device that lost both is 0, as when it was new. The folder of the mirror may be read-only
 * or missing on a device that was not made for Moult, which costs protection and nothing else.
 */
export async function openSecurityCounter(
  dataDir: string,
  bootStateDir: string,
  log: Log,
): Promise<SecurityCounter> {
  const copies = await Promise.all([dataDir, bootStateDir].map((folder) => openCopy(folder, log)));
  let counter = Math.max(0, ...copies.map((copy) => copy.counter ?? 0));
  let last: Promise<void> = Promise.resolve();

  const writeMissing = async (): Promise<void> => {
    for (const copy of copies) {
      // A device that never committed anything signed has nothing to remember.
      if (copy.counter === counter || (copy.counter === undefined && counter === 0)) continue;
      await writeCopy(copy, counter, log);
    }
  };
  const repair = (): Promise<void> => {
    const done = last.then(writeMissing, writeMissing);
    last = done;
    return done;
  };
  return {
    read: () => counter,
    raise: (to) => {
      counter = Math.max(counter, to);
      return repair();
    },
    repair,
    troubles: () =>
      copies.flatMap(({ file, trouble }) => (trouble === undefined ? [] : [`${file}: ${trouble}`])),
  };
}

async function openCopy(folder: string, log: Log): Promise<Copy> {
  const file = join(folder, FILE);
  try {
    const content = await readFileIfPresent(file);
    if (content === undefined) return { folder, file, counter: undefined, trouble: undefined };
    return { folder, file, counter: parse(content).securityCounter, trouble: undefined };
  } catch (error) {
    log.error("security-counter-damaged", { file, error });
    return { folder, file, counter: undefined, trouble: "it cannot be read" };
  }
}

function parse(content: Buffer): z.infer<typeof Stored> {
  return Stored.parse(JSON.parse(content.toString("utf8")));
}

async function writeCopy(copy: Copy, counter: number, log: Log): Promise<void> {
  try {
    const content: z.infer<typeof Stored> = { version: 1, securityCounter: counter };
    await whileWritable(
      copy.folder,
      async () => {
        await makeFolder(copy.folder);
        await writeFileDurably(copy.file, JSON.stringify(content));
      },
      { log },
    );
    copy.counter = counter;
    copy.trouble = undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Once per reason, not with every check-in.
    if (copy.trouble !== reason)
      log.error("security-counter-not-written", { file: copy.file, error });
    copy.trouble = reason;
  }
}
