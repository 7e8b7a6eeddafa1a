import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLAN_OPTIONS, planFromOptions } from "./plan-from-options.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-plan-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Options = Parameters<typeof planFromOptions>[0];
const NONE = Object.fromEntries(
  Object.entries(PLAN_OPTIONS).map(([name, option]) => [
    name,
    "multiple" in option ? [] : option.type === "boolean" ? false : undefined,
  ]),
) as unknown as Options;
const planOf = (options: Partial<Options>) => planFromOptions({ ...NONE, ...options });

describe("a plan", () => {
  test("without options is one stage, and leaves the rest to the server", async () => {
    expect(await planOf({})).toEqual({ version: 2, stages: [{ size: { remaining: true } }] });
  });

  test("has the error stop and the share to advance at in each stage", async () => {
    const plan = await planOf({
      stages: "10, 50%,100",
      "error-stop": "3,10%",
      "error-stop-sample": "20",
      "advance-at": "95",
      priority: "9",
      concurrent: "5",
      "per-minute": "2",
      "per-site": "store:3",
      "bytes-per-day": "1.5GB",
      attempts: "2",
      "silent-after": "2h",
    });

    const errorStop = { count: 3, percent: 10, sampleMin: 20 };
    const advance = { successPercent: 95 };
    expect(plan).toEqual({
      version: 2,
      priority: 9,
      stages: [{ percent: 10 }, { percent: 50 }, { remaining: true }].map((size) => ({
        size,
        advance,
        errorStop,
      })),
      limits: {
        concurrentMax: 5,
        perMinute: 2,
        perSite: { attribute: "store", concurrentMax: 3 },
        bytesPerDay: 1_500_000_000,
      },
      retry: { attemptsMax: 2 },
      timeouts: { silenceSeconds: 7_200 },
    });
  });

  test("says how many devices, how long, who opens a stage, and what is tried again", async () => {
    const plan = await planOf({
      stages: "count:5,10%,all",
      "error-stop": "1",
      "error-stop-kinds": "rolled-back, silent",
      "advance-after": "2h",
      "advance-wait": "2d",
      "advance-manually": true,
      attempts: "3",
      "retry-after": "10m",
      "retry-on": "download-failed",
      "never-retry-on": "wrong-board,disk-full",
      "on-trip": "roll-back",
    });

    const advance = { afterSeconds: 7_200, maxWaitSeconds: 172_800, manual: true };
    const errorStop = { count: 1, kinds: ["rolled-back", "silent"] };
    expect(plan).toEqual({
      version: 2,
      stages: [{ count: 5 }, { percent: 10 }, { remaining: true }].map((size) => ({
        size,
        advance,
        errorStop,
      })),
      retry: {
        attemptsMax: 3,
        backoffSeconds: 600,
        retryOn: ["download-failed"],
        neverOn: ["wrong-board", "disk-full"],
      },
      onTrip: "roll-back",
    });
  });

  test.each<[Partial<Options>, RegExp]>([
    [{ stages: "10,50" }, /the last stage, and only the last, is 100 percent/],
    [{ stages: "50,10,100" }, /each stage's percent is larger than the one before it/],
    [{ stages: "10,,100" }, /--stages takes percents/],
    [{ "error-stop": "few" }, /--error-stop is a whole number/],
    [{ "error-stop-sample": "3" }, /--error-stop-sample goes with --error-stop/],
    [{ "error-stop-kinds": "silent" }, /--error-stop-kinds goes with --error-stop/],
    [{ "error-stop": "1", "error-stop-kinds": "late" }, /Invalid option/],
    [{ stages: "count:0,all" }, /--stages is a whole number from 1/],
    [{ "on-trip": "panic" }, /on a trip a plan says/],
    [{ "on-trip": "roll-back:1.0" }, /Invalid UUID/],
    [{ "bytes-per-day": "a lot" }, /--bytes-per-day is a size such as 500MB/],
    [{ "bytes-per-day": "11TB" }, /bytesPerDay/],
    [{ ramp: "fast" }, /--ramp is "5 x2 every 100 succeeded to 500"/],
    [{ ramp: "5 x2 every 100 succeeded to 5" }, /a ramp goes up/],
    [{ ramp: "5 x11 every 100 succeeded to 50" }, /factor/],
    [{ concurrent: "0" }, /--concurrent is a whole number from 1/],
    [{ "silent-after": "10s" }, /silenceSeconds/],
    [{ mode: "please" }, /--mode is one of optional, consent, force, download-only/],
    [{ mode: "download-only", "force-after": "2d" }, /is not forced by time/],
    [{ mode: "force", "force-after": "2d" }, /is not forced later/],
    [{ window: ["download daily 02:00"] }, /--window is STEPS DAYS/],
    [{ window: ["download someday 02:00 4h UTC"] }, /Invalid option/],
    [{ plan: "plan.json", window: ["download daily 02:00 4h UTC"] }, /--plan is the whole plan/],
    [{ plan: "plan.json", stages: "100" }, /--plan is the whole plan/],
  ])("of %j is refused", async (options, sentence) => {
    await expect(planOf(options)).rejects.toMatchObject({
      code: "usage",
      sentence: expect.stringMatching(sentence) as string,
    });
  });

  test("says in which circumstances devices are offered it", async () => {
    const conditions = "context.busy = false";
    expect(await planOf({ conditions })).toMatchObject({ conditions });
  });

  test.each(["succeeded", "offered"])("has its ramp by %s in each stage", async (counted) => {
    const { stages } = await planOf({
      stages: "10,100",
      ramp: `5 x1.5 every 100 ${counted} to 500`,
    });
    const ramp = { perMinute: 5, factor: 1.5, every: { [counted]: 100 }, perMinuteMax: 500 };
    expect(stages).toMatchObject([{ ramp }, { ramp }]);
  });

  test("says what devices may have against it", async () => {
    expect(await planOf({ mode: "consent", "force-after": "7d" })).toMatchObject({
      mode: "consent",
      forceAfterSeconds: 604_800,
    });
  });

  test("has windows, one for each time the option is there", async () => {
    const plan = await planOf({
      window: ["download mon-fri 01:00 4h Europe/Berlin", "download daily 22:00 90m device"],
    });
    expect(plan.windows).toEqual([
      {
        for: ["download"],
        days: ["mon", "tue", "wed", "thu", "fri"],
        at: "01:00",
        durationMinutes: 240,
        zone: "Europe/Berlin",
      },
      { for: ["download"], at: "22:00", durationMinutes: 90, zone: "device" },
    ]);
  });

  test("can come from a file, whole", async () => {
    const path = join(folder, "plan.json");
    writeFileSync(path, '{"stages":[{"size":{"remaining":true}}],"limits":{"concurrentMax":7}}');

    expect(await planOf({ plan: path })).toEqual({
      stages: [{ size: { remaining: true } }],
      limits: { concurrentMax: 7 },
    });
  });

  test.each([
    ["not JSON", "file-invalid"],
    ['{"stages":[{"size":{"remaining":true}}],"speed":"fast"}', "usage"],
  ])("from a file with %j is refused", async (text, code) => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, text);

    await expect(planOf({ plan: path })).rejects.toMatchObject({ code });
  });
});
