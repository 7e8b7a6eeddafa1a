import { mkdtemp, readFile, readdir, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant } from "@moult/base";
import { LOG_BYTES_MAX } from "@moult/device-protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deploymentLogFile, openDeploymentLog, pruneDeploymentLogs } from "./deployment-log.ts";

let folder: string;
const clock = { now: () => instant(0) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-log-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("an update's log never grows beyond what the server takes, and keeps its end", async () => {
  const file = deploymentLogFile(folder, "one");
  const log = openDeploymentLog(file, clock);
  for (let number = 0; number < 3_000; number += 1)
    log.info("line", { number, x: "x".repeat(500) });

  expect((await stat(file)).size).toBeLessThanOrEqual(LOG_BYTES_MAX);
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ number: 2_999 });
  expect(() => lines.map((line) => JSON.parse(line) as unknown)).not.toThrow();
});

test("the logs of the newest five updates stay", async () => {
  for (let number = 1; number <= 7; number += 1) {
    const file = deploymentLogFile(folder, `update-${number}`);
    openDeploymentLog(file, clock).info("line");
    await utimes(file, number, number);
  }
  await pruneDeploymentLogs(folder);

  expect((await readdir(join(folder, "logs"))).toSorted()).toEqual(
    [3, 4, 5, 6, 7].map((number) => `update-${number}.log`),
  );
});
