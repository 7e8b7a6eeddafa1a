import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceContext } from "@moult/updater";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readContext } from "./read-context.ts";
import { reportedContext } from "./reported-context.ts";

let contextDir: string;
beforeEach(async () => {
  contextDir = await mkdtemp(join(tmpdir(), "moult-context-"));
});
afterEach(() => rm(contextDir, { recursive: true, force: true }));

async function script(name: string, text: string, mode = 0o755): Promise<void> {
  await writeFile(join(contextDir, name), `#!/bin/sh\n${text}\n`);
  await chmod(join(contextDir, name), mode);
}
const read = (timeoutMs = 20_000, signal = new AbortController().signal) =>
  readContext({ contextDir, timeoutMs }, signal);

const QUIET: DeviceContext = {
  isBusy: null,
  isDriving: null,
  isMetered: null,
  batteryPercent: null,
  isOnPower: null,
  holds: [],
  failures: [],
};

test("a device without scripts says nothing", async () => {
  expect(await read()).toEqual(QUIET);
  contextDir = join(contextDir, "none");
  expect(await read()).toEqual(QUIET);
});

test("what the scripts say together is as careful as the most careful of them", async () => {
  await script("10-car", "echo driving=no; echo busy=no; echo battery_percent=80; echo on_ac=yes");
  await script(
    "20-crane",
    "echo 'busy = yes'; echo battery_percent=17.5; echo on_ac=no; echo metered=1",
  );
  await script("30-quiet", "echo 'a line of chatter'; echo hold=");

  expect(await read()).toEqual({
    ...QUIET,
    isDriving: false,
    isBusy: true,
    isMetered: true,
    batteryPercent: 17.5,
    isOnPower: false,
  });
});

test("the server is told what is known, a charge in steps, and that something is not", () => {
  expect(reportedContext(QUIET)).toEqual({});
  expect(
    reportedContext({
      ...QUIET,
      isBusy: false,
      isDriving: true,
      isMetered: true,
      isOnPower: false,
    }),
  ).toEqual({ busy: false, driving: true, metered: true, onPower: false });
  const steps = [0, 4.9, 5, 17.5, 99, 100].map((batteryPercent) =>
    reportedContext({ ...QUIET, batteryPercent }),
  );
  expect(steps.map(({ batteryPercent }) => batteryPercent)).toEqual([0, 0, 5, 15, 95, 100]);
  const failures = ["car hangs.", `crane ${"x".repeat(500)}`];
  const { unknown } = reportedContext({ ...QUIET, failures });
  expect(unknown).toMatch(/^car hangs\. crane x+$/);
  expect(unknown).toHaveLength(200);
});

test("a script gives reasons of its own, with a code or in words", async () => {
  await script("oven", "echo 'hold=oven-hot: it has 240 degrees'; echo hold=door-open");
  await script("shop", "echo 'hold=A customer is being served'");

  expect((await read()).holds).toEqual([
    { code: "oven-hot", detail: "it has 240 degrees" },
    { code: "door-open", detail: "door-open" },
    { code: "held-by-script", detail: "A customer is being served" },
  ]);
});

test("only executables are asked, and nothing that an editor left", async () => {
  await script("off", "echo busy=yes", 0o644);
  await script(".hidden", "echo busy=yes");
  await script("car~", "echo busy=yes");
  expect(await read()).toEqual(QUIET);
});

describe("a script that", () => {
  test.each([
    ["fails", "echo busy=no; exit 3", "bad ended with exit code 3."],
    ["prints a name that is not known", "echo drivng=yes", 'bad printed "drivng=yes".'],
    ["prints a value that is none", "echo busy=maybe", 'bad printed "busy=maybe".'],
    ["prints no percentage", "echo battery_percent=full", 'bad printed "battery_percent=full".'],
    [
      "prints more than all percents",
      "echo battery_percent=101",
      'bad printed "battery_percent=101".',
    ],
    ["floods", "yes busy=no", "bad printed more than 262144 bytes."],
  ])("%s makes the circumstances unknown, and the others still count", async (_, text, reason) => {
    await script("bad", text);
    await script("good", "echo driving=yes");

    expect(await read()).toMatchObject({ isDriving: true, failures: [reason] });
  });

  test("hangs is ended with all that it started", async () => {
    await script("bad", `sleep 60 & echo $! > "${contextDir}/.child"; sleep 60`);
    expect((await read(300)).failures).toEqual(["bad took longer than 300 ms."]);
  });

  test("hangs in a session of its own keeps nobody waiting", async () => {
    await script("bad", "setsid sleep 5 & sleep 60");
    const begun = Date.now();
    expect((await read(300)).failures).toEqual(["bad took longer than 300 ms."]);
    expect(Date.now() - begun).toBeLessThan(4_000);
  });

  test("is no program is unknown as well", async () => {
    await writeFile(join(contextDir, "bad"), "\u007fELF nothing");
    await chmod(join(contextDir, "bad"), 0o755);
    expect((await read()).failures).toHaveLength(1);
  });

  test("prints anything at all never breaks the reading", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await writeFile(join(contextDir, ".bytes"), bytes);
        await script("bad", `cat "${contextDir}/.bytes"`);
        const { failures, holds } = await read();
        expect(failures.every((text) => text.length < 200)).toBe(true);
        expect(holds.every(({ code }) => /^[a-z][a-z0-9-]*$/.test(code))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});

test("an update that no longer waits does not wait for its scripts either", async () => {
  await script("slow", "sleep 60");
  const controller = new AbortController();
  const reading = read(60_000, controller.signal);
  controller.abort(new Error("withdrawn"));
  await expect(reading).rejects.toThrow("withdrawn");
});
