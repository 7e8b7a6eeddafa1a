import { utf8 } from "@moult/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  MemoryStore,
  NOW,
  PATH,
  PowerCut,
  type TestRepository,
  moultRepository,
  newKey,
  openTestTrust,
  targetOf,
  team,
} from "./repository.fixture.ts";

/** A repository's life in four states, each a later honest one: releases, a rotation of every key, an expired root mended. */
function stages(): readonly TestRepository[] {
  const repository = moultRepository();
  const states: TestRepository[] = [];
  const keep = (): void => {
    const state = Object.create(repository) as TestRepository;
    Object.defineProperty(state, "files", { value: new Map(repository.files) });
    states.push(state);
  };
  keep();
  repository.setRole("gw2.prod", { targets: { [PATH]: targetOf("three") } }, team);
  repository.publish();
  keep();
  const before = repository.keys.root;
  repository.keys.root = [newKey(), newKey()];
  repository.keys.timestamp = [newKey()];
  repository.keys.snapshot = [newKey(), ...repository.keys.snapshot];
  repository.publishRoot([...before, ...repository.keys.root]);
  repository.snapshotVersion = 0;
  repository.timestampVersion = 0;
  repository.publish();
  keep();
  repository.publishRoot();
  repository.publish();
  keep();
  return states;
}

/** Opens, refreshes and looks up; true when the power held. */
async function visit(repository: TestRepository, store: MemoryStore): Promise<boolean> {
  try {
    const trust = await openTestTrust(repository, store);
    expect(await trust.refresh(repository.source())).toEqual({ kind: "fresh" });
    expect(await trust.target(repository.source(), PATH)).toMatchObject({ kind: "found" });
    return true;
  } catch (error) {
    if (error instanceof PowerCut) return false;
    throw error;
  }
}

test.each(["before", "torn"] as const)(
  "power lost at any write (%s) leaves a device that the honest server brings up to date",
  async (cut) => {
    const states = stages();
    const whole = new MemoryStore();
    for (const state of states) expect(await visit(state, whole)).toBe(true);
    expect(whole.writes).toBeGreaterThan(15);

    for (let cutAt = 1; cutAt <= whole.writes; cutAt += 1) {
      const store = new MemoryStore();
      store.cutAt = cutAt;
      store.cut = cut;
      let cuts = 0;
      for (const state of states) {
        while (!(await visit(state, store))) cuts += 1;
      }
      expect(cuts).toBe(1);
      const last = states.at(-1) ?? moultRepository();
      const trust = await openTestTrust(last, store);
      expect(trust.state().rootVersion).toBe(3);
      expect(store.entries.get("root")).toEqual(whole.entries.get("root"));
      expect(store.entries.get("timestamp")).toEqual(whole.entries.get("timestamp"));
      expect(store.entries.get("gw2.prod")).toEqual(whole.entries.get("gw2.prod"));
      expect(store.entries.has("+recovery")).toBe(false);
    }
  },
);

test("power lost between a rotation's root and its clean-up never leaves the old timestamp in force", async () => {
  const [, before, rotated] = stages();
  if (before === undefined || rotated === undefined) throw new Error("three stages are there");
  const honest = new MemoryStore();
  await visit(before, honest);
  const writesBefore = honest.writes;
  await visit(rotated, honest);

  for (let cutAt = writesBefore + 1; cutAt <= honest.writes; cutAt += 1) {
    const store = new MemoryStore();
    await visit(before, store);
    store.cutAt = cutAt;
    await visit(rotated, store);
    // Its versions begin anew at 1: with the old timestamp in force this would be a rollback.
    const trust = await openTestTrust(rotated, store);
    expect(await trust.refresh(rotated.source())).toEqual({ kind: "fresh" });
  }
});

test("whatever happens to one entry of the store, the next refresh mends it", async () => {
  const states = stages();
  const whole = new MemoryStore();
  for (const state of states) await visit(state, whole);
  const last = states.at(-1) ?? moultRepository();
  const damage = fc.oneof(
    fc.constant("gone" as const),
    fc.uint8Array({ maxLength: 64 }),
    fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ length: fc.nat() }),
  );

  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...whole.entries.keys()), damage, async (entry, kind) => {
      const store = new MemoryStore();
      for (const [name, bytes] of whole.entries) store.entries.set(name, bytes.slice());
      const bytes = store.entries.get(entry) ?? new Uint8Array();
      if (kind === "gone") store.entries.delete(entry);
      else if (kind instanceof Uint8Array) store.entries.set(entry, kind);
      else if ("length" in kind)
        store.entries.set(entry, bytes.slice(0, kind.length % (bytes.length + 1)));
      else bytes[kind.at % bytes.length] = kind.byte;

      expect(await visit(last, store)).toBe(true);
      expect(store.entries.get("timestamp")).toEqual(whole.entries.get("timestamp"));
    }),
    { numRuns: 150 },
  );
});

test("a damaged root falls back to the one before it, and to the provisioned one when both are damaged", async () => {
  const states = stages();
  const store = new MemoryStore();
  for (const state of states) await visit(state, store);
  const last = states.at(-1) ?? moultRepository();

  store.entries.set("root", utf8("{"));
  expect((await openTestTrust(last, store)).state().rootVersion).toBe(2);
  store.entries.set("+previous-root", new Uint8Array());
  expect((await openTestTrust(last, store)).state().rootVersion).toBe(1);
  expect(await visit(last, store)).toBe(true);
  expect((await openTestTrust(last, store)).state().rootVersion).toBe(3);
});

test("a source that fails in the middle of a refresh leaves what was trusted before", async () => {
  const [first, , , last] = stages();
  if (first === undefined || last === undefined) throw new Error("four stages are there");
  for (let fails = 1; fails < 8; fails += 1) {
    const store = new MemoryStore();
    await visit(first, store);
    let calls = 0;
    const honest = last.source();
    const flaky = {
      fetch: async (file: string, bytesMax: number) => {
        calls += 1;
        if (calls === fails) throw new Error("the line went dead");
        return honest.fetch(file, bytesMax);
      },
    };
    const trust = await openTestTrust(last, store, { now: () => NOW });
    await trust
      .refresh(flaky)
      .then(() => trust.target(flaky, PATH))
      .catch((error: unknown) => expect(error).toEqual(new Error("the line went dead")));
    expect(await visit(last, store)).toBe(true);
  }
});
