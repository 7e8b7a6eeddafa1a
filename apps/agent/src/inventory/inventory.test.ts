import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Inventory } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { collectInventory } from "./collect-inventory.ts";
import { createReportCache } from "../daemon/report-cache.ts";

let scriptsDir: string;
const log = recordingLog();
beforeEach(async () => {
  scriptsDir = await mkdtemp(join(tmpdir(), "moult-inventory-"));
  log.entries.length = 0;
});
afterEach(() => rm(scriptsDir, { recursive: true, force: true }));

async function script(name: string, text: string, mode = 0o755): Promise<void> {
  await writeFile(join(scriptsDir, name), `#!/bin/sh\n${text}\n`);
  await chmod(join(scriptsDir, name), mode);
}
const collect = () => collectInventory({ scriptsDir, timeoutMs: 2_000, log });

test("a device reports facts about itself and what its scripts print", async () => {
  await script("moult-inventory-site", "echo site=lisbon; echo 'note=a=b'");
  await script("mender-inventory-net", "echo ipv4_eth0=10.0.0.2/24; echo ipv4_eth0=10.0.0.3/24");

  const inventory = await collect();

  expect(inventory).toMatchObject({
    site: "lisbon",
    note: "a=b",
    ipv4_eth0: "10.0.0.2/24, 10.0.0.3/24",
    "moult.agent": expect.stringMatching(/^\d/),
    hostname: expect.any(String),
  });
  expect(Inventory.safeParse(inventory).success).toBe(true);
});

test("only executables with the right names run", async () => {
  await script("moult-inventory-off", "echo off=1", 0o644);
  await script("something-else", "echo other=1");
  const inventory = await collect();
  expect(inventory["off"]).toBeUndefined();
  expect(inventory["other"]).toBeUndefined();
});

test("a script that fails, hangs or floods costs only its own attributes", async () => {
  await script("moult-inventory-a", "echo a=1; exit 3");
  await script("moult-inventory-b", "echo b=1; sleep 60");
  await script("moult-inventory-c", "yes c=1");
  await script("moult-inventory-d", "echo d=1");

  const inventory = await collectInventory({ scriptsDir, timeoutMs: 300, log });

  expect(inventory).toMatchObject({ d: "1" });
  for (const name of ["a", "b", "c"]) expect(inventory[name]).toBeUndefined();
  expect(log.entries.filter(({ event }) => event === "inventory-script-failed")).toHaveLength(3);
});

test("what is over the protocol's limits is left out, and the rest still goes", async () => {
  await script("moult-inventory-many", "for i in $(seq 1 300); do echo n$i=$i; done");
  await script("moult-inventory-long", `echo long=$(head -c 5000 /dev/zero | tr '\\0' x)`);
  const inventory = await collect();
  expect(Inventory.safeParse(inventory).success).toBe(true);
  expect(Object.keys(inventory)).toHaveLength(200);
});

test("a folder that is not there is no error", async () => {
  await rm(scriptsDir, { recursive: true });
  expect(await collect()).toHaveProperty("hostname");
  expect(log.entries).toEqual([]);
});

test("the inventory is collected at its interval and once at a time", async () => {
  let nowMs = 0;
  let collections = 0;
  const cache = createReportCache<{ readonly collections: string }>(
    { collections: "" },
    {
      collect: async () => ({ collections: String((collections += 1)) }),
      intervalMs: 1_000,
      monotonicMs: () => nowMs,
      failure: "inventory-failed",
      log,
    },
  );
  await Promise.all([cache.refreshIfDue(), cache.refreshIfDue()]);
  nowMs = 999;
  await cache.refreshIfDue();
  expect(cache.current()).toEqual({ collections: "1" });

  nowMs = 1_000;
  await cache.refreshIfDue();
  expect(cache.current()).toEqual({ collections: "2" });
});
