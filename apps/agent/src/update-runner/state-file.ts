import { createHash } from "node:crypto";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@moult/base";
import { readSavedState, saveableState, type UpdateState } from "@moult/updater";
import * as z from "zod";
import {
  readFileIfPresent,
  syncFolder,
  systemCode,
  writeFileDurably,
} from "../storage/durable-file.ts";
import { isDiskFull } from "../installers/install-error.ts";
import type { StateFileReading } from "./update-runner.ts";

// update-state.json           the newest state
// update-state.previous.json  the one before: saved, but its successor's effects may not have begun
// update-state.reserve        space that is given up when the disk is full, so that "disk-full" itself can be saved

/** `state` as text, so that the check is over exactly these bytes. */
const Checked = z.object({ sha256: z.string(), state: z.string() });

const RESERVE_BYTES = 64 * 1024;

export interface StateFile {
  load(): Promise<{
    readonly reading: StateFileReading;
    readonly state: UpdateState | undefined;
  }>;
  /** Durable when it returns. */
  save(state: UpdateState): Promise<void>;
}

export function openStateFile(dataDir: string, log: Log): StateFile {
  const file = join(dataDir, "update-state.json");
  const previous = join(dataDir, "update-state.previous.json");
  const reserve = join(dataDir, "update-state.reserve");

  return {
    load: async () => {
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      const newest = await read(file);
      if (newest.kind === "read") return { reading: "read", state: newest.state };
      const before = await read(previous);
      if (newest.kind === "missing" && before.kind === "missing")
        return { reading: "fresh", state: undefined };

      log.error("state-file-unreadable", { file, reason: reasonOf(newest) });
      if (before.kind === "read") return { reading: "previous-copy-used", state: before.state };
      log.error("state-file-unreadable", { file: previous, reason: reasonOf(before) });
      return { reading: "unreadable", state: undefined };
    },
    save: async (state) => {
      const text = JSON.stringify(saveableState(state));
      const content = JSON.stringify({ sha256: sha256(text), state: text });
      await keepPrevious(file, previous);
      try {
        await writeFileDurably(file, content);
      } catch (cause) {
        if (!isDiskFull(cause)) throw cause;
        await rm(reserve, { force: true });
        await writeFileDurably(file, content);
        log.warn("state-reserve-used", { file });
        return;
      }
      await makeReserve(reserve, log);
    },
  };
}

type CopyReading =
  | { readonly kind: "read"; readonly state: UpdateState }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

async function read(file: string): Promise<CopyReading> {
  let content: Buffer | undefined;
  try {
    content = await readFileIfPresent(file);
  } catch (cause) {
    return { kind: "unreadable", reason: cause instanceof Error ? cause.message : "unknown" };
  }
  if (content === undefined) return { kind: "missing" };
  const checked = Checked.safeParse(parseJson(content.toString("utf8")));
  if (!checked.success) return { kind: "unreadable", reason: "it is not a state file" };
  const { state, sha256: expected } = checked.data;
  if (sha256(state) !== expected) return { kind: "unreadable", reason: "its check is wrong" };
  return readSavedState(parseJson(state));
}

const reasonOf = (reading: CopyReading): string =>
  reading.kind === "unreadable" ? reading.reason : reading.kind;

/** Undefined for what is no JSON; no JSON value is undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A second name for the newest state, which its successor's rename then takes the first name from. */
async function keepPrevious(file: string, previous: string): Promise<void> {
  const temporary = `${previous}.new`;
  try {
    await rm(temporary, { force: true });
    await link(file, temporary);
    await rename(temporary, previous);
  } catch (cause) {
    const code = systemCode(cause);
    // No state yet; or a file system without links, which then keeps one copy.
    if (code !== "ENOENT" && code !== "EPERM" && code !== "ENOTSUP") throw cause;
  }
}

/** Real blocks, not a hole. */
async function makeReserve(reserve: string, log: Log): Promise<void> {
  try {
    const file = await open(reserve, "wx", 0o600);
    try {
      await file.writeFile(Buffer.alloc(RESERVE_BYTES, 0x6d));
      await file.sync();
    } catch (cause) {
      await rm(reserve, { force: true });
      throw cause;
    } finally {
      await file.close();
    }
    await syncFolder(join(reserve, ".."));
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") return;
    log.warn("state-reserve-missing", { reserve, error: cause });
  }
}
