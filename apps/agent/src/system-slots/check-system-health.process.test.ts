import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordedLog } from "../installers/installer.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import { checkSystemHealth, type SystemHealth } from "./check-system-health.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-health-"));
  await mkdir(join(folder, "health.d"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const checked = (parts: Partial<SystemHealth> = {}, signal = new AbortController().signal) =>
  checkSystemHealth(
    {
      healthDir: join(folder, "health.d"),
      units: [],
      timeoutMs: 20_000,
      intervalMs: 10,
      deadlineMs: 500,
      killAfterMs: 100,
      ...parts,
    },
    systemTicker,
    recordedLog(),
    signal,
  );

async function writeCheck(name: string, script: string, mode = 0o755): Promise<void> {
  const file = join(folder, "health.d", name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, mode);
}

test("a system without checks is well", async () => {
  await checked();
  await checked({ healthDir: join(folder, "no such folder") });
});

test("all checks have to pass; what cannot be executed is none", async () => {
  await writeCheck("10-well", `echo 10 >>${folder}/ran`);
  await writeCheck("20-well", `echo 20 >>${folder}/ran`);
  await writeCheck("README", "exit 1", 0o644);
  await checked();
  expect(await readFile(join(folder, "ran"), "utf8")).toBe("10\n20\n");
});

test("a check that passes in the end was given its time", async () => {
  await writeCheck("late", `echo x >>${folder}/ran; [ "$(wc -l <${folder}/ran)" -ge 3 ]`);
  await checked({ deadlineMs: 60_000 });
  expect(await readFile(join(folder, "ran"), "utf8")).toBe("x\nx\nx\n");
});

test("a check that never passes is named, with what it said", async () => {
  await writeCheck("oven", "echo it does not heat; exit 3");
  await expect(checked()).rejects.toMatchObject({
    code: "health-check-failed",
    detail: expect.stringMatching(/oven ended with exit code 3, saying: it does not heat/),
  });
});

test("a check that hangs is ended, with what it started, and counts as failed", async () => {
  await writeCheck("hangs", `sleep 1000 & echo $! >${folder}/child; wait`);
  await expect(checked({ timeoutMs: 300 })).rejects.toMatchObject({
    detail: expect.stringContaining("hangs took longer than 0.3 seconds"),
  });
  const child = Number(await readFile(join(folder, "child"), "utf8"));
  await expect.poll(() => stateOf(child)).toMatch(/^(gone|Z)$/);
});

/** What proc(5) calls its state; one that ended and that nobody waits for is a zombie. */
const stateOf = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/stat`, "utf8").then(
    (stat) => stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3),
    () => "gone",
  );

test("a unit that is not active is what is wrong", async () => {
  await expect(checked({ units: ["moult-no-such.service"], deadlineMs: 0 })).rejects.toMatchObject({
    detail: expect.stringContaining("moult-no-such.service"),
  });
});
