import { createHash } from "node:crypto";
import { textFromUtf8, utf8 } from "@moult/base";
import { initialState, readSavedState, saveableState, type UpdateState } from "@moult/updater";
import { describe, expect, test } from "vitest";
import type { Files } from "./files.ts";
import { cutEverywhere, LossyDisk, silentLog } from "./lossy-disk.fixture.ts";
import { createStateStore, type StateCodec, type StateStore } from "./state-store.ts";

const NEWEST = "update-state.v1.json";
const PREVIOUS = "update-state.v1.previous.json";

/** A codec of a later agent: it writes what an older one cannot read, and reads what those before it wrote. */
const later = (version: number): StateCodec => ({
  version,
  saveable: (state) => ({ version, renamed: saveableState(state).state }),
  read: (value) => {
    const seen = value as { readonly version?: number; readonly renamed?: unknown } | null;
    if (seen?.version === undefined || seen.version > version || seen.renamed === undefined)
      return readSavedState(value);
    return readSavedState({ version: 1, state: seen.renamed });
  },
});

const storeOn = (disk: LossyDisk | Files, codec?: StateCodec): StateStore =>
  createStateStore({
    files: disk instanceof LossyDisk ? disk.files() : disk,
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    log: silentLog,
    ...(codec === undefined ? {} : { codec }),
  });

const idle = (artifactName: string): UpdateState => initialState({ artifactName, provides: {} });

/** A state in which an older agent may still come back. */
const underWay = (artifactName: string): UpdateState => ({
  kind: "downloading",
  running: { artifactName, provides: {} },
  lastAssignment: null,
  update: {
    kind: "standalone",
    id: "one",
    file: "/file",
    isUnsignedAllowed: true,
    metadataDir: null,
  },
  sequence: 1,
  percent: 0,
});

const readBy = async (disk: LossyDisk, codec?: StateCodec) => {
  const { reading, state } = await storeOn(disk, codec).load();
  return { reading, name: state?.running.artifactName };
};

const namesOn = async (disk: LossyDisk): Promise<readonly string[]> =>
  (await disk.files().list()).toSorted();

describe("the update state", () => {
  test("is what was saved last", async () => {
    const disk = new LossyDisk();
    expect(await readBy(disk)).toEqual({ reading: "fresh", name: undefined });
    await storeOn(disk).save(idle("one"));
    await storeOn(disk).save(idle("two"));
    expect(await readBy(disk)).toEqual({ reading: "read", name: "two" });
  });

  test("is durable when saving it returns", async () => {
    const disk = new LossyDisk();
    await storeOn(disk).save(idle("one"));
    await storeOn(disk).save(idle("two"));
    for (const crashed of disk.crashStates())
      expect(await readBy(crashed())).toEqual({ reading: "read", name: "two" });
  });

  test("is the one before or the one after when power goes while it is saved", async () => {
    const checked = await cutEverywhere(
      async (power) => {
        const before = new LossyDisk();
        await storeOn(before).save(idle("zero"));
        await storeOn(before).save(idle("one"));
        const disk = before.withPower(power);
        return { disk, work: storeOn(disk).save(idle("two")) };
      },
      async (disk) => {
        const { reading, name } = await readBy(disk);
        expect(reading).toBe("read");
        expect(["one", "two"]).toContain(name);
      },
    );
    expect(checked).toBeGreaterThan(20);
  });

  test("is none or the first when power goes while the first is saved", async () => {
    await cutEverywhere(
      async (power) => {
        await Promise.resolve();
        const disk = new LossyDisk(power);
        return { disk, work: storeOn(disk).save(idle("one")) };
      },
      async (disk) => {
        const { name } = await readBy(disk);
        expect([undefined, "one"]).toContain(name);
      },
    );
  });
});

describe("a state file", () => {
  const damages: readonly [string, (text: string) => string | undefined][] = [
    ["missing", () => undefined],
    ["empty", () => ""],
    ["truncated", (text) => text.slice(0, text.length / 2)],
    ["garbage", (text) => "\0\u00ff".repeat(text.length / 2)],
    ["changed in one letter", (text) => text.replace(/\b(?:one|two)\b/, "tWo")],
    ["other JSON", () => "null"],
    ["of a newer version inside", (text) => text.replaceAll('version\\":1', 'version\\":9')],
  ];

  async function damaged(names: readonly string[], damage: (text: string) => string | undefined) {
    const disk = new LossyDisk();
    await storeOn(disk).save(idle("one"));
    await storeOn(disk).save(idle("two"));
    const files = disk.files();
    for (const name of names) {
      const text = damage(textFromUtf8((await files.read(name)) ?? new Uint8Array()) ?? "");
      if (text === undefined) await files.remove(name);
      else await files.write(name, utf8(text));
    }
    return disk;
  }

  test.each(damages)("that is %s falls back to the one before", async (_, damage) => {
    const disk = await damaged([NEWEST], damage);
    expect(await readBy(disk)).toEqual({ reading: "previous-copy-used", name: "one" });
    await storeOn(disk).save(idle("three"));
    expect(await readBy(disk)).toEqual({ reading: "read", name: "three" });
  });

  test.each(damages.filter(([what]) => what !== "missing"))(
    "of which both copies are %s is told from none",
    async (_, damage) => {
      const disk = await damaged([NEWEST, PREVIOUS], damage);
      const { reading } = await readBy(disk);
      expect(reading).toBe("unreadable");
      await storeOn(disk).save(idle("three"));
      expect(await readBy(disk)).toEqual({ reading: "read", name: "three" });
    },
  );

  test("that the disk gives back with an error falls back to the one before", async () => {
    const disk = await damaged([], () => undefined);
    const files = disk.files();
    const store = storeOn({
      ...files,
      read: (name) => (name === NEWEST ? Promise.reject(new Error("EIO")) : files.read(name)),
    });
    expect(await store.load()).toMatchObject({ reading: "previous-copy-used", state: idle("one") });
  });
});

describe("an agent of a newer version", () => {
  test("reads the state that an older one left", async () => {
    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    expect(await readBy(disk, later(3))).toEqual({ reading: "read", name: "old" });
  });

  test("leaves the older one's files untouched until its own commit", async () => {
    const disk = new LossyDisk();
    await storeOn(disk).save(idle("older"));
    await storeOn(disk).save(underWay("old"));
    const [newest, previous] = await Promise.all(
      [NEWEST, PREVIOUS].map((name) => disk.files().read(name)),
    );
    const newer = storeOn(disk, later(2));
    for (const name of ["new-1", "new-2", "new-3"]) await newer.save(underWay(name));

    expect(await disk.files().read(NEWEST)).toEqual(newest);
    expect(await disk.files().read(PREVIOUS)).toEqual(previous);
    expect(await readBy(disk)).toEqual({ reading: "read", name: "old" });
    expect(await readBy(disk, later(2))).toEqual({ reading: "read", name: "new-3" });
  });

  test("leaves them when the update that it found under way ends without a commit", async () => {
    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    const onTrial = storeOn(disk, later(2));
    await onTrial.load();
    await onTrial.save(idle("given-up"));

    expect(await readBy(disk)).toEqual({ reading: "read", name: "old" });
  });

  test("removes the older one's files once it is committed, and its own state is durable before", async () => {
    const checked = await cutEverywhere(
      async (power) => {
        const before = new LossyDisk();
        await storeOn(before).save(idle("older"));
        await storeOn(before).save(underWay("old"));
        await storeOn(before, later(2)).save(underWay("new"));
        const disk = before.withPower(power);
        return { disk, work: storeOn(disk, later(2)).save(idle("committed")) };
      },
      async (disk) => {
        const { reading, name } = await readBy(disk, later(2));
        expect(reading).toBe("read");
        expect(["new", "committed"]).toContain(name);
        if (name === "new") expect(await readBy(disk)).toEqual({ reading: "read", name: "old" });
      },
    );
    expect(checked).toBeGreaterThan(20);

    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    await storeOn(disk, later(2)).save(idle("committed"));
    expect(await namesOn(disk)).toEqual(["update-state.reserve", "update-state.v2.json"]);
  });

  test("whose own files are damaged goes on from the older one's", async () => {
    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    await storeOn(disk, later(2)).save(underWay("new"));
    await disk.files().write("update-state.v2.json", utf8("x"));
    expect(await readBy(disk, later(2))).toEqual({ reading: "previous-copy-used", name: "old" });
  });
});

describe("an older agent that came back", () => {
  async function rolledBack(): Promise<LossyDisk> {
    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    await storeOn(disk, later(2)).save(underWay("trial"));
    return disk;
  }

  test("takes no notice of the newer one's state", async () => {
    expect(await readBy(await rolledBack())).toEqual({ reading: "read", name: "old" });
  });

  test("removes it before it saves anything, so that the next trial begins with the older state", async () => {
    await cutEverywhere(
      async (power) => {
        const disk = (await rolledBack()).withPower(power);
        return { disk, work: storeOn(disk).save(underWay("old again")) };
      },
      async (disk) => {
        const { name } = await readBy(disk);
        expect(["old", "old again"]).toContain(name);
        if (name === "old again")
          expect(await readBy(disk, later(2))).toEqual({ reading: "read", name });
      },
    );
  });

  test("that finds nothing but a newer one's state says that it cannot read it", async () => {
    const disk = new LossyDisk();
    await storeOn(disk, later(2)).save(idle("new"));
    expect(await readBy(disk)).toEqual({ reading: "unreadable", name: undefined });
    expect(await namesOn(disk)).toContain("update-state.v2.json");
  });
});

describe("an update that a newer agent ended without a commit", () => {
  const END = "update-state.end.json";

  /** What the newer agent says when the way back is about to be removed. */
  const cleaningUp = (artifactName: string): UpdateState => {
    const state = underWay(artifactName);
    if (state.kind !== "downloading") throw new Error("it is under way");
    const { running, lastAssignment, update } = state;
    const failure = { code: "rollback-failed", detail: "it failed" } as const;
    const verdict = { failure, rollback: "failed" } as const;
    const always = { running, lastAssignment, update, verdict };
    return { ...always, kind: "cleaning-up", artifact: null, sequence: 6, steps: 0 };
  };

  async function ended(): Promise<LossyDisk> {
    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    const onTrial = storeOn(disk, later(2));
    await onTrial.load();
    for (const state of [underWay("old"), cleaningUp("new_INCONSISTENT"), idle("new_INCONSISTENT")])
      await onTrial.save(state);
    return disk;
  }

  test("is over for the older one that comes back, with what the newer one said", async () => {
    const { reading, state } = await storeOn(await ended()).load();
    expect(reading).toBe("read");
    expect(state).toEqual(cleaningUp("new_INCONSISTENT"));
  });

  test("is left to it before the way back is removed, whenever power goes", async () => {
    const checked = await cutEverywhere(
      async (power) => {
        const before = new LossyDisk();
        await storeOn(before).save(underWay("old"));
        const disk = before.withPower(power);
        return { disk, work: storeOn(disk, later(2)).save(cleaningUp("new_INCONSISTENT")) };
      },
      async (disk) => {
        expect(["old", "new_INCONSISTENT"]).toContain((await readBy(disk)).name);
      },
    );
    expect(checked).toBeGreaterThan(20);
    for (const crashed of (await ended()).crashStates())
      expect((await readBy(crashed())).name).toBe("new_INCONSISTENT");
  });

  test("is forgotten only when the older one has saved it, whenever power goes", async () => {
    const checked = await cutEverywhere(
      async (power) => {
        const disk = (await ended()).withPower(power);
        const older = storeOn(disk);
        const work = async (): Promise<void> => {
          const { state } = await older.load();
          if (state !== undefined) await older.save(state);
        };
        return { disk, work: work() };
      },
      async (disk) => {
        expect((await storeOn(disk).load()).state).toEqual(cleaningUp("new_INCONSISTENT"));
      },
    );
    expect(checked).toBeGreaterThan(20);

    const disk = await ended();
    const older = storeOn(disk);
    await older.load();
    await older.save(cleaningUp("new_INCONSISTENT"));
    expect(await namesOn(disk)).not.toContain(END);
  });

  test("is no news to an agent that has no older one beside it", async () => {
    const disk = new LossyDisk();
    await storeOn(disk).save(underWay("old"));
    await storeOn(disk).save(cleaningUp("new_INCONSISTENT"));
    expect(await namesOn(disk)).not.toContain(END);
  });

  test("goes on from the older one's own state when the file of its end is damaged", async () => {
    const disk = await ended();
    await disk.files().write(END, utf8("x"));
    expect(await readBy(disk)).toEqual({ reading: "read", name: "old" });
  });
});

describe("on a full disk", () => {
  /** A disk with so many bytes free, beyond the reserve. */
  function full(disk: LossyDisk, isFull: () => boolean): Files {
    const files = disk.files();
    return {
      ...files,
      write: async (name, bytes) => {
        const hasReserve = (await files.list()).includes("update-state.reserve");
        if (isFull() && hasReserve) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        await files.write(name, bytes);
      },
    };
  }

  test("a state is saved in the space that was kept for it, and the space is kept anew after", async () => {
    const disk = new LossyDisk();
    let isFull = false;
    const store = storeOn(full(disk, () => isFull));
    await store.save(idle("one"));
    isFull = true;
    await store.save(idle("two"));
    expect(await readBy(disk)).toEqual({ reading: "read", name: "two" });
    expect(await namesOn(disk)).not.toContain("update-state.reserve");

    isFull = false;
    await store.save(idle("three"));
    expect((await disk.files().read("update-state.reserve"))?.length).toBe(64 * 1024);
  });

  test("a reserve that power cut short is made anew", async () => {
    const disk = new LossyDisk();
    await disk.files().write("update-state.reserve", new Uint8Array(10));
    await storeOn(disk).save(idle("one"));
    expect((await disk.files().read("update-state.reserve"))?.length).toBe(64 * 1024);
  });
});
