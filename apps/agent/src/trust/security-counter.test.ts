import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { openSecurityCounter } from "./security-counter.ts";

let root: string;
const log = recordingLog();
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moult-counter-"));
  log.entries.length = 0;
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = () => openSecurityCounter(join(root, "data"), join(root, "boot"), log);
const FILE = "security-counter.json";
const copies = ["data", "boot"] as const;

test("a new device takes everything, and writes nothing before it has something to remember", async () => {
  const counter = await open();
  await counter.repair();

  expect(counter.read()).toBe(0);
  await expect(readFile(join(root, "boot", FILE))).rejects.toThrow("ENOENT");
});

test("what was committed is remembered in both places, and never less", async () => {
  const counter = await open();
  await counter.raise(7);
  await counter.raise(3);

  expect((await open()).read()).toBe(7);
  for (const copy of copies)
    expect(JSON.parse(await readFile(join(root, copy, FILE), "utf8"))).toMatchObject({
      securityCounter: 7,
    });
});

test.each(copies)(
  "a device that lost its %s copy still knows, and mends the copy",
  async (copy) => {
    await (await open()).raise(7);
    await rm(join(root, copy), { recursive: true });

    const counter = await open();
    expect(counter.read()).toBe(7);
    await counter.repair();

    await rm(join(root, copies.find((other) => other !== copy) ?? ""), { recursive: true });
    expect((await open()).read()).toBe(7);
  },
);

test.each(copies)("a damaged %s copy counts as lost", async (copy) => {
  await (await open()).raise(7);
  await truncate(join(root, copy, FILE), 9);

  expect((await open()).read()).toBe(7);
});

test("the higher copy counts when they differ", async () => {
  await (await open()).raise(7);
  await writeFile(join(root, "boot", FILE), JSON.stringify({ version: 1, securityCounter: 9 }));

  const counter = await open();
  await counter.repair();

  expect(counter.read()).toBe(9);
  await rm(join(root, "boot"), { recursive: true });
  expect((await open()).read()).toBe(9);
});

test("a mirror that cannot be written is told, said once, and stops nothing", async () => {
  // A file where the folder should be; a read-only folder would not stop root.
  await writeFile(join(root, "boot"), "");
  const counter = await open();

  await counter.raise(4);
  await counter.repair();

  expect(counter.read()).toBe(4);
  expect(counter.troubles()).toEqual([expect.stringContaining(join(root, "boot"))]);
  const told = log.entries.filter(({ event }) => event === "security-counter-not-written");
  expect(told).toHaveLength(1);

  await rm(join(root, "boot"));
  await counter.repair();
  expect(counter.troubles()).toEqual([]);
});
