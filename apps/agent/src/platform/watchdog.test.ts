import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordedLog } from "../installers/installer.fixture.ts";
import { startWatchdog } from "./watchdog.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-watchdog-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a watchdog is told again and again that the agent lives, and at its end that it may stop", async () => {
  const device = join(folder, "watchdog9");
  await writeFile(device, "");
  const watchdog = await startWatchdog(device, 5, recordedLog());
  await expect.poll(() => readFile(device, "latin1")).toMatch(/^\0{4,}$/);
  await watchdog.release();

  const said = await readFile(device, "latin1");
  expect(said).toMatch(/^\0+V$/);
});

test("a machine without its watchdog is told of in the log, and goes on", async () => {
  const log = recordedLog();
  const watchdog = await startWatchdog(join(folder, "none"), 5, log);
  await watchdog.release();
  expect(log.entries.map(({ event }) => event)).toEqual(["watchdog-unavailable"]);
});
