import type { Files } from "./files.ts";
import type { SlotDevice } from "./slot-device.ts";

// A disk that loses what was not synced. Every change is pending until it is synced; `crashStates` gives the disks that a
// power cut may leave: each subset of the pending changes, and each in-place write torn into garbage.

const SECTOR = 512;

interface Change {
  /** The file or device that it belongs to; `names` for the folder itself. */
  readonly of: number | "names";
  readonly apply: (disk: Content) => void;
  /** What an interrupted write leaves, where that is neither of the two. */
  readonly tear?: (disk: Content) => void;
}

interface Content {
  readonly bytes: Map<number, Uint8Array>;
  readonly names: Map<string, number>;
}

const copyOf = ({ bytes, names }: Content): Content => ({
  bytes: new Map(bytes),
  names: new Map(names),
});

/** Power that goes after so many changes; code that called never hears of it again. */
export class Power {
  #left: number;
  readonly cut: Promise<"cut">;
  #cut: (word: "cut") => void = () => undefined;

  constructor(changes = Number.POSITIVE_INFINITY) {
    this.#left = changes;
    this.cut = new Promise((resolve) => {
      this.#cut = resolve;
    });
  }

  async spend(): Promise<void> {
    if (this.#left > 0) {
      this.#left -= 1;
      return;
    }
    this.#cut("cut");
    await new Promise(() => undefined);
  }
}

export class LossyDisk {
  readonly #durable: Content;
  readonly #now: Content;
  #power: Power;
  #pending: Change[] = [];
  #nextId: number;

  constructor(power = new Power(), durable: Content = { bytes: new Map(), names: new Map() }) {
    this.#power = power;
    this.#durable = durable;
    this.#now = copyOf(durable);
    this.#nextId = Math.max(0, ...durable.bytes.keys(), ...durable.names.values()) + 1;
  }

  /** A disk as a power cut at this moment may leave it, for each way that it may go. */
  *crashStates(pendingMax = 9): Generator<() => LossyDisk> {
    const pending = this.#pending;
    if (pending.length > pendingMax) throw new Error(`${pending.length} changes are pending`);
    const fates = pending.map(({ tear }) => (tear === undefined ? 2 : 3));
    const states = fates.reduce((product, fate) => product * fate, 1);
    for (let state = 0; state < states; state += 1)
      yield () => {
        const disk = copyOf(this.#durable);
        let rest = state;
        for (const [index, { apply, tear }] of pending.entries()) {
          const fate = rest % (fates[index] ?? 1);
          rest = Math.floor(rest / (fates[index] ?? 1));
          if (fate === 1) apply(disk);
          if (fate === 2) tear?.(disk);
        }
        return new LossyDisk(new Power(), disk);
      };
  }

  /** From now on there is so much power; what is pending stays so. */
  withPower(power: Power): this {
    this.#power = power;
    return this;
  }

  files(): Files {
    const idOf = (name: string): number => {
      const id = this.#now.names.get(name);
      if (id === undefined) throw failure("ENOENT");
      return id;
    };
    return {
      read: (name) => {
        const id = this.#now.names.get(name);
        return Promise.resolve(id === undefined ? undefined : this.bytesOf(id).slice());
      },
      write: async (name, bytes) => {
        const found = this.#now.names.get(name);
        const id = found ?? this.#nextId++;
        await this.#change({ of: id, apply: (disk) => disk.bytes.set(id, new Uint8Array()) });
        if (found === undefined) await this.#setName(name, id);
        await this.#write(id, 0, bytes);
      },
      writeInPlace: (name, offset, bytes) => this.#write(idOf(name), offset, bytes),
      sync: async (name) => this.#sync(idOf(name)),
      rename: async (from, to) => {
        const id = idOf(from);
        await this.#setName(to, id);
        await this.#setName(from, undefined);
      },
      link: async (from, to) => {
        if (this.#now.names.has(to)) throw failure("EEXIST");
        await this.#setName(to, idOf(from));
      },
      remove: async (name) => {
        if (this.#now.names.has(name)) await this.#setName(name, undefined);
      },
      list: () => Promise.resolve([...this.#now.names.keys()]),
      syncNames: () => this.#sync("names"),
    };
  }

  /** A device of its own on the disk; `isLying`: its sync returns before anything is durable. */
  device(id: number, sizeBytes: number, isLying = false): SlotDevice {
    if (!this.#now.bytes.has(id))
      for (const content of [this.#durable, this.#now])
        content.bytes.set(id, new Uint8Array(sizeBytes));
    let isCached = true;
    const seen = (): Uint8Array =>
      (isCached ? this.#now : this.#durable).bytes.get(id) ?? new Uint8Array();
    return {
      sizeBytes,
      read: (offset, length) => Promise.resolve(seen().slice(offset, offset + length)),
      write: (offset, bytes) => this.#write(id, offset, bytes),
      sync: () => (isLying ? Promise.resolve() : this.#sync(id)),
      dropCache: async () => {
        isCached = false;
        await this.#power.spend();
      },
    };
  }

  bytesOf(id: number): Uint8Array {
    return this.#now.bytes.get(id) ?? new Uint8Array();
  }

  #setName(name: string, id: number | undefined): Promise<void> {
    return this.#change({
      of: "names",
      apply: ({ names }) => {
        if (id === undefined) names.delete(name);
        else names.set(name, id);
      },
    });
  }

  #write(id: number, offset: number, given: Uint8Array): Promise<void> {
    // The writer may use its memory for something else while the change is pending.
    const bytes = given.slice();
    const put = (content: Uint8Array, { bytes: disk }: Content): void => {
      const before = disk.get(id) ?? new Uint8Array();
      const after = new Uint8Array(Math.max(before.length, offset + content.length));
      after.set(before);
      after.set(content, offset);
      disk.set(id, after);
    };
    return this.#change({
      of: id,
      apply: (disk) => put(bytes, disk),
      // The first sector arrived, the second is garbage; or the only one is.
      tear: (disk) =>
        put(
          bytes.map((byte, index) =>
            index < SECTOR && bytes.length > SECTOR ? byte : byte ^ 0x5a,
          ),
          disk,
        ),
    });
  }

  async #change(change: Change): Promise<void> {
    this.#pending.push(change);
    change.apply(this.#now);
    await this.#power.spend();
  }

  async #sync(of: Change["of"]): Promise<void> {
    await this.#power.spend();
    for (const change of this.#pending) if (change.of === of) change.apply(this.#durable);
    this.#pending = this.#pending.filter((change) => change.of !== of);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Runs `work` on `disk` with power for 0, 1, 2, ... changes until it comes to its end, and calls `check` with each disk that
 * each of these cuts may leave. Returns how many there were.
 */
export async function cutEverywhere(
  start: (power: Power) => Promise<{ readonly disk: LossyDisk; readonly work: Promise<unknown> }>,
  check: (disk: LossyDisk) => Promise<void>,
): Promise<number> {
  let checked = 0;
  for (let changes = 0; ; changes += 1) {
    const power = new Power(changes);
    const { disk, work } = await start(power);
    const how = await Promise.race([work, power.cut]);
    for (const crashed of disk.crashStates()) {
      await check(crashed());
      checked += 1;
    }
    if (how !== "cut") return checked;
  }
}

export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
