import type { Fates } from "./fates.ts";

/** A system error as Node's file functions throw it. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string;

  constructor(code: string, doing: string) {
    super(`${code}: ${doing}`);
    this.code = code;
  }
}

/** A file, whatever it is called. Contents are never changed in place: a copy takes their place. */
interface Inode {
  /** As programs read it. Null: the place cannot be read. */
  content: Uint8Array | null;
  /** As the medium has it for certain. Null when nothing of it was ever synced. */
  durable: Uint8Array | null;
  /** Not synced: replaced as a whole, or parts of it overwritten where they are. */
  isReplaced: boolean;
  overwrites: Overwrite[];
}

interface Overwrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** One change of names, which survives as a whole or not at all: a rename is two of them. */
type NameChange = ReadonlyMap<string, Inode | null>;

/**
 * One folder as POSIX promises it and not more: contents are durable after `sync`, names after `syncNames`. Before, a cut
 * keeps any part of either in any order; in particular a rename may come before the data of what was renamed, and a file
 * that was replaced may be found empty. It is the file systems' common ground, as ALICE (OSDI 2014) found it.
 */
export class SimulatedFolder {
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #changes: NameChange[] = [];
  /** What is found by somebody who reads the medium without replaying the journal: names as of the last mount. */
  #rawNames = new Map<string, Inode>();
  /** Contents before writes that the disk took but may still forget, by name: the bootloader's. */
  readonly #forgettable = new Map<string, Uint8Array | null>();
  /** What other programs left of the space. */
  freeBytes = Number.MAX_SAFE_INTEGER;

  read(name: string): Uint8Array | undefined {
    const inode = this.#names.get(name);
    if (inode === undefined) return undefined;
    if (inode.content === null) throw new SystemError("EIO", `read ${name}`);
    return inode.content;
  }

  write(name: string, bytes: Uint8Array): void {
    const before = this.#names.get(name);
    const grown = bytes.length - (before?.content?.length ?? 0);
    if (grown > this.freeBytes) throw new SystemError("ENOSPC", `write ${name}`);
    this.freeBytes -= grown;
    if (before === undefined) {
      const inode = { content: bytes.slice(), durable: null, isReplaced: true, overwrites: [] };
      this.#change(new Map([[name, inode]]));
      return;
    }
    before.content = bytes.slice();
    before.isReplaced = true;
    before.overwrites = [];
  }

  overwrite(name: string, offset: number, bytes: Uint8Array): void {
    const inode = this.#existing(name, "write");
    if (inode.content === null) {
      // Written anew, a damaged place can be read again; only a write of all of it makes all of it readable.
      if (offset !== 0) throw new SystemError("EIO", `write ${name}`);
      inode.content = bytes.slice();
    } else inode.content = laidOver(inode.content, { offset, bytes });
    inode.overwrites.push({ offset, bytes: bytes.slice() });
  }

  sync(name: string): void {
    const inode = this.#existing(name, "sync");
    inode.durable = inode.content;
    inode.isReplaced = false;
    inode.overwrites = [];
  }

  rename(from: string, to: string): void {
    const inode = this.#existing(from, "rename");
    if (this.#names.get(to) === inode) return;
    this.#change(
      new Map([
        [from, null],
        [to, inode],
      ]),
    );
  }

  link(from: string, to: string): void {
    const inode = this.#existing(from, "link");
    if (this.#names.has(to)) throw new SystemError("EEXIST", `link ${to}`);
    this.#change(new Map([[to, inode]]));
  }

  remove(name: string): void {
    const inode = this.#names.get(name);
    if (inode === undefined) return;
    this.#change(new Map([[name, null]]));
    if (![...this.#names.values()].includes(inode)) this.freeBytes += inode.content?.length ?? 0;
  }

  list(): readonly string[] {
    return [...this.#names.keys()];
  }

  syncNames(): void {
    this.#durableNames = new Map(this.#names);
    this.#changes = [];
  }

  /** Everything as it is, durable: a clean end, or the factory. */
  syncAll(): void {
    for (const name of this.#names.keys()) this.sync(name);
    this.syncNames();
    this.flush();
    this.#rawNames = new Map(this.#durableNames);
  }

  /** Changes that a cut could take back. */
  get pendingCount(): number {
    const contents = [...this.#inodes()].filter((inode) => isPending(inode)).length;
    return this.#changes.length + contents + this.#forgettable.size;
  }

  /** Power goes, or the machine restarts with whatever the disk has taken (`isWarm`). */
  cut(fates: Fates, isWarm: boolean): void {
    if (!isWarm) this.#forget(fates);
    for (const inode of this.#inodes()) if (isPending(inode)) settleInode(inode, fates);
    const survivors = fates.surviving(this.#changes.length);
    const names = new Map(this.#durableNames);
    for (const [index, change] of this.#changes.entries())
      if (survivors[index] === true) applyChange(names, change);
    this.#names = names;
    this.#durableNames = new Map(names);
    this.#changes = [];
  }

  /** Nothing is left: the partition was lost and made anew. */
  lose(): void {
    this.#names = new Map();
    this.#durableNames = new Map();
    this.#rawNames = new Map();
    this.#changes = [];
    this.#forgettable.clear();
  }

  /** The journal is replayed: from here on the raw view has what is durable. */
  mount(): void {
    this.#rawNames = new Map(this.#durableNames);
  }

  /**
   * What a bootloader finds: it replays no journal, so a name that was changed since the last mount may lead to the old
   * file, to an empty one, or to the new one. A file that was only overwritten is where it was.
   */
  readRaw(name: string, fates: Fates): Uint8Array | null {
    const raw = this.#rawNames.get(name);
    const journaled = this.#durableNames.get(name);
    const contents = [raw?.durable ?? null, new Uint8Array(), journaled?.durable ?? null];
    if (raw === journaled) return raw?.durable ?? null;
    return contents[fates.choose(contents.length)] ?? null;
  }

  /** What the medium certainly has, for those who only look. */
  readDurable(name: string): Uint8Array | null {
    return this.#durableNames.get(name)?.durable ?? null;
  }

  /**
   * A write below any file system that the disk has taken; a power cut may undo it until something is flushed. False when
   * there is no such file to write over.
   */
  writeRaw(name: string, bytes: Uint8Array): boolean {
    const inode = this.#rawNames.get(name);
    if (inode === undefined) return false;
    if (!this.#forgettable.has(name)) this.#forgettable.set(name, inode.durable);
    inode.durable = bytes.slice();
    inode.content = inode.durable;
    return true;
  }

  /** The disk forgets nothing of what it has taken from now on. */
  flush(): void {
    this.#forgettable.clear();
  }

  get hasForgettable(): boolean {
    return this.#forgettable.size > 0;
  }

  /** Content and names as they would be found, for telling states apart. */
  *contents(): Generator<readonly [string, Uint8Array | null]> {
    for (const [name, inode] of this.#names) yield [name, inode.content];
  }

  /** At most one of them is the one that was being written; two that no one can read are a broken disk. */
  #forget(fates: Fates): void {
    const survivors = fates.surviving(this.#forgettable.size);
    let isAnyDamaged = false;
    for (const [index, [name, before]] of [...this.#forgettable].entries()) {
      const inode = this.#rawNames.get(name);
      if (inode === undefined || survivors[index] === true) continue;
      const isDamaged: boolean = !isAnyDamaged && fates.damages();
      isAnyDamaged ||= isDamaged;
      inode.durable = isDamaged ? null : before;
      inode.content = inode.durable;
    }
    this.#forgettable.clear();
  }

  #change(change: NameChange): void {
    applyChange(this.#names, change);
    this.#changes.push(change);
  }

  #existing(name: string, doing: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new SystemError("ENOENT", `${doing} ${name}`);
    return inode;
  }

  #inodes(): ReadonlySet<Inode> {
    const ofChanges = this.#changes.flatMap((change) => [...change.values()]);
    const all = [...this.#names.values(), ...this.#durableNames.values(), ...ofChanges];
    return new Set(all.filter((inode) => inode !== null));
  }
}

const isPending = ({ isReplaced, overwrites }: Inode): boolean =>
  isReplaced || overwrites.length > 0;

/** What a cut leaves of a file's content. */
function settleInode(inode: Inode, fates: Fates): void {
  const { content, durable, isReplaced, overwrites } = inode;
  inode.isReplaced = false;
  inode.overwrites = [];
  if (fates.damages()) inode.durable = null;
  else if (!isReplaced) inode.durable = overwritten(durable, overwrites, fates);
  else if (content !== null) {
    const whole = content.length;
    const options = [
      // The old content while there is one; a file that was never synced is empty at first.
      durable ?? new Uint8Array(),
      // Truncated, and nothing written.
      new Uint8Array(),
      // The size is known and the data is not (delayed allocation).
      new Uint8Array(whole),
      content.slice(0, Math.floor(whole / 2)),
      content,
    ];
    inode.durable = options[fates.choose(options.length)] ?? content;
  }
  inode.content = inode.durable;
}

function overwritten(
  durable: Uint8Array | null,
  overwrites: readonly Overwrite[],
  fates: Fates,
): Uint8Array | null {
  const parts = overwrites.flatMap((overwrite) => granulesOf(overwrite, fates.granuleBytes));
  const survivors = fates.surviving(parts.length);
  let content = durable;
  for (const [index, part] of parts.entries())
    if (survivors[index] === true)
      content = content === null ? part.bytes : laidOver(content, part);
  return content;
}

/** A write in the pieces that the medium writes at once. */
export function granulesOf(write: Overwrite, granuleBytes: number): readonly Overwrite[] {
  const { offset, bytes } = write;
  const parts: Overwrite[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + granuleBytes - ((offset + start) % granuleBytes));
    parts.push({ offset: offset + start, bytes: bytes.subarray(start, end) });
    start = end;
  }
  return parts;
}

function laidOver(content: Uint8Array, { offset, bytes }: Overwrite): Uint8Array {
  const result = new Uint8Array(Math.max(content.length, offset + bytes.length));
  result.set(content);
  result.set(bytes, offset);
  return result;
}

function applyChange(names: Map<string, Inode>, change: NameChange): void {
  for (const [name, inode] of change)
    if (inode === null) names.delete(name);
    else names.set(name, inode);
}
