/**
 * One folder of a file system that loses what was not synced. Promises of POSIX and no more: a write is durable after
 * `sync`, a name (new, renamed, linked or removed) after `syncNames`; before, a power cut may keep any part of either, in
 * any order. Errors carry the system's `code` (`ENOSPC`, `EIO`, ...).
 */
export interface Files {
  /** The file's bytes; undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Creates the file, or replaces its content from the first byte on. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Overwrites part of a file that exists, in place: the blocks it has are the blocks it keeps. */
  writeInPlace(name: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file's content durable. */
  sync(name: string): Promise<void>;
  /** Takes the place of `to`, if there is one, at once. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for the same file. Fails with `EEXIST` when `to` is taken. */
  link(from: string, to: string): Promise<void>;
  /** Succeeds when there is no such file. */
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /** Makes all names of the folder durable as they are now. */
  syncNames(): Promise<void>;
}
