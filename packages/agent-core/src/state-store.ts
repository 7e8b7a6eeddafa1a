import { errorChain, hex, textFromUtf8, utf8, type Log } from "@moult/base";
import {
  endedBy,
  endOf,
  readSavedState,
  saveableState,
  STATE_VERSION,
  UpdateEnd,
  type SavedStateReading,
  type UpdateState,
} from "@moult/updater";
import * as z from "zod";
import { systemCode, writeDurably } from "./durable-write.ts";
import type { Files } from "./files.ts";

// update-state.v1.json           the newest state, as version 1 of the saved state writes it
// update-state.v1.previous.json  the one before: saved, but its successor's effects may not have begun
// update-state.end.json          how an update ended without a commit, for the older agent that began it
// update-state.reserve           space that is given up when the disk is full, so that "disk-full" itself can be saved
//
// An agent on trial may write another version than the agent that it is to replace, and that one must find its own state
// when it comes back. So each version has files of its own. A newer agent reads an older one's, and leaves them as they
// are until nothing can bring that agent back: until the commit. An older agent takes no notice of a newer one's files;
// they tell of a trial that failed, so they are gone for certain before anything is saved that leads to the next trial.
//
// A newer agent that ends its update without a commit removes the way back when it cleans up. Before it does, it leaves the
// end for the older agent in a file that every version reads: that one goes on from there with the same outcome, instead of
// looking for a way back that is gone. It keeps the file until it has saved that itself.

/** Writes and reads one version of the saved state, and reads those before it. */
export interface StateCodec {
  readonly version: number;
  /** JSON that says its version. */
  saveable(state: UpdateState): unknown;
  /** Never throws: a device must start from anything. */
  read(value: unknown): SavedStateReading;
}

/**
 * What loading found. `read`: the newest state that was saved here. `previous-copy-used`: that one is damaged, and an older
 * one was read. `unreadable`: there are files, and none could be used.
 */
export type StateReading = "fresh" | "read" | "previous-copy-used" | "unreadable";

/** Where one device's update state is kept. */
export interface StateStore {
  load(): Promise<{
    readonly reading: StateReading;
    readonly state: UpdateState | undefined;
  }>;
  /** Durable when it returns. */
  save(state: UpdateState): Promise<void>;
}

export interface StateStoreDeps {
  readonly files: Files;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly log: Log;
  readonly codec?: StateCodec;
}

/** `state` as text, so that the check is over exactly these bytes. */
const Checked = z.object({ sha256: z.string(), state: z.string() });

const END = "update-state.end.json";
const RESERVE = "update-state.reserve";
const RESERVE_BYTES = 64 * 1024;

const SHIPPED_CODEC: StateCodec = {
  version: STATE_VERSION,
  saveable: saveableState,
  read: readSavedState,
};

export function createStateStore(deps: StateStoreDeps): StateStore {
  const { files, log, codec = SHIPPED_CODEC } = deps;
  const checks = createChecks(deps.sha256);
  const newest = newestName(codec.version);
  let others: Others | undefined;
  let isUpdateInHand = false;
  let hasReserve = false;

  /** Before the first save of a run. */
  const makeRoom = async (): Promise<Others> => {
    const names = await files.list();
    const versions = versionedFiles(names);
    const newer = versions.filter(({ version }) => version > codec.version);
    await removeDurably(files, newer.map(nameOf));
    const older = versions.filter(({ version }) => version < codec.version).map(nameOf);
    return { older, hasEnd: names.includes(END) };
  };

  const write = async (state: UpdateState, { older }: Others): Promise<void> => {
    await keepPrevious(files, newest, previousName(codec.version));
    await writeDurably(files, newest, checks.seal(codec.saveable(state)));
    const end = older.length === 0 ? undefined : endOf(state);
    if (end !== undefined) await writeDurably(files, END, checks.seal(end));
  };

  /** When no older agent's turn can come any more. */
  const forgetOthers = async ({ older, hasEnd }: Others): Promise<void> => {
    if (older.length > 0 || hasEnd) await removeDurably(files, [...older, END]);
    others = { older: [], hasEnd: false };
  };

  return {
    load: async () => {
      const read = (bytes: Uint8Array) => readState(checks.open(bytes), codec);
      const { reading, state: saved } = await load(files, read, codec.version, log);
      const state = saved && (await endedByAnother(saved, files, checks.open, log));
      isUpdateInHand = state !== undefined && state.kind !== "idle";
      return { reading, state };
    },
    save: async (state) => {
      others ??= await makeRoom();
      try {
        await write(state, others);
      } catch (cause) {
        if (!isDiskFull(cause)) throw cause;
        await files.remove(RESERVE);
        hasReserve = false;
        await write(state, others);
        log.warn("state-reserve-used", { file: newest });
        return;
      }
      // An update that this run found under way may end without a commit: then it is the older agent's turn again.
      const isForGood =
        state.kind === "leaving-commit" || (state.kind === "idle" && !isUpdateInHand);
      if (isForGood || others.older.length === 0) await forgetOthers(others);
      hasReserve ||= await makeReserve(files, log);
    },
  };
}

/** What other agents left in the folder, as this run found it. */
interface Others {
  /** Names of the files of older versions. */
  readonly older: readonly string[];
  readonly hasEnd: boolean;
}

const newestName = (version: number): string => `update-state.v${version}.json`;
const previousName = (version: number): string => `update-state.v${version}.previous.json`;

interface VersionedFile {
  readonly name: string;
  readonly version: number;
}

const nameOf = ({ name }: VersionedFile): string => name;

function versionedFiles(names: readonly string[]): readonly VersionedFile[] {
  return names.flatMap((name) => {
    const version = /^update-state\.v(\d{1,9})(?:\.previous)?\.json$/.exec(name)?.[1];
    return version === undefined ? [] : [{ name, version: Number(version) }];
  });
}

async function removeDurably(files: Files, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  for (const name of names) await files.remove(name);
  await files.syncNames();
}

type CopyReading =
  | { readonly kind: "read"; readonly state: UpdateState }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** The newest state that can be read: of this version, else of the one below it, and so on. */
async function load(
  files: Files,
  readBytes: (bytes: Uint8Array) => CopyReading,
  ownVersion: number,
  log: Log,
): ReturnType<StateStore["load"]> {
  const found = versionedFiles(await files.list());
  const versions = [...new Set(found.map(({ version }) => version))].toSorted((a, b) => b - a);
  let isDamaged = false;
  for (const version of versions) {
    if (version > ownVersion) {
      log.warn("state-of-newer-agent-ignored", { version });
      continue;
    }
    for (const name of [newestName(version), previousName(version)]) {
      const reading = await readCopy(files, name, readBytes);
      if (reading.kind === "read")
        return { reading: isDamaged ? "previous-copy-used" : "read", state: reading.state };
      isDamaged = true;
      const reason = reading.kind === "missing" ? "it is missing" : reading.reason;
      log.error("state-file-unreadable", { file: name, reason });
    }
  }
  return { reading: versions.length === 0 ? "fresh" : "unreadable", state: undefined };
}

async function readCopy(
  files: Files,
  name: string,
  readBytes: (bytes: Uint8Array) => CopyReading,
): Promise<CopyReading> {
  try {
    const bytes = await files.read(name);
    return bytes === undefined ? { kind: "missing" } : readBytes(bytes);
  } catch (cause) {
    return { kind: "unreadable", reason: errorChain(cause).join("; ") };
  }
}

/** The state that another agent left to this one to end, or the one that was saved. */
async function endedByAnother(
  saved: UpdateState,
  files: Files,
  open: (bytes: Uint8Array) => Opened,
  log: Log,
): Promise<UpdateState> {
  const bytes = await files.read(END).catch(() => undefined);
  const opened = bytes && open(bytes);
  const end = UpdateEnd.safeParse(opened?.kind === "whole" ? opened.value : undefined);
  if (!end.success) {
    if (bytes !== undefined) log.error("state-file-unreadable", { file: END });
    return saved;
  }
  const state = endedBy(saved, end.data);
  const { updateId, running } = end.data;
  if (state !== saved)
    log.warn("update-ended-by-newer-agent", { updateId, artifactName: running.artifactName });
  return state;
}

type Opened =
  | { readonly kind: "whole"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly reason: string };

const readState = (opened: Opened, codec: StateCodec): CopyReading =>
  opened.kind === "whole" ? codec.read(opened.value) : opened;

/** The content of a file, and what it says when it is whole. */
function createChecks(sha256: (bytes: Uint8Array) => Uint8Array) {
  const checkOf = (text: string): string => hex(sha256(utf8(text)));
  return {
    seal: (value: unknown): Uint8Array => {
      const text = JSON.stringify(value);
      return utf8(JSON.stringify({ sha256: checkOf(text), state: text }));
    },
    open: (bytes: Uint8Array): Opened => {
      const checked = Checked.safeParse(parseJson(bytes));
      if (!checked.success) return { kind: "unreadable", reason: "it is not a state file" };
      const { state, sha256: expected } = checked.data;
      if (checkOf(state) !== expected) return { kind: "unreadable", reason: "its check is wrong" };
      return { kind: "whole", value: parseJson(utf8(state)) };
    },
  };
}

/** Undefined for what is no JSON; no JSON value is undefined. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textFromUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}

/** A second name for the newest state, which its successor's rename then takes the first name from. */
async function keepPrevious(files: Files, newest: string, previous: string): Promise<void> {
  const temporary = `.${previous}.new`;
  try {
    await files.remove(temporary);
    await files.link(newest, temporary);
    await files.rename(temporary, previous);
  } catch (cause) {
    const code = systemCode(cause);
    // No state yet; or a file system without links, which then keeps one copy.
    if (code !== "ENOENT" && code !== "EPERM" && code !== "ENOTSUP") throw cause;
  }
}

/** Real blocks, not a hole. */
async function makeReserve(files: Files, log: Log): Promise<boolean> {
  try {
    // A cut while it was written leaves a shorter one.
    if ((await files.read(RESERVE))?.length === RESERVE_BYTES) return true;
    await files.write(RESERVE, new Uint8Array(RESERVE_BYTES).fill(0x6d));
    await files.sync(RESERVE);
    await files.syncNames();
    return true;
  } catch (cause) {
    log.warn("state-reserve-missing", { file: RESERVE, error: cause });
  }
  await files.remove(RESERVE).catch(() => undefined);
  return false;
}

const isDiskFull = (error: unknown): boolean => {
  const code = systemCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
};
