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
  Object.keys(PLAN_OPTIONS).map((name) => [name, undefined]),
) as unknown as Options;
const planOf = (options: Partial<Options>) => planFromOptions({ ...NONE, ...options });

describe("a plan", () => {
  test("without options is one stage, and leaves the rest to the server", async () => {
    expect(await planOf({})).toEqual({ stages: [{ percent: 100 }] });
  });

  test("has the error stop and the share to advance at in each stage", async () => {
    const plan = await planOf({
      stages: "10, 50%,100",
      "error-stop": "3,10%",
      "error-stop-sample": "20",
      "advance-at": "95",
      concurrent: "5",
      attempts: "2",
      "silent-after": "2h",
    });

    const errorStop = { count: 3, percent: 10, sampleMin: 20 };
    expect(plan).toEqual({
      stages: [10, 50, 100].map((percent) => ({ percent, advanceAtPercent: 95, errorStop })),
      concurrentMax: 5,
      attemptsMax: 2,
      assignmentTimeoutSeconds: 7200,
    });
  });

  test.each<[Partial<Options>, RegExp]>([
    [{ stages: "10,50" }, /the last stage is 100 percent/],
    [{ stages: "50,10,100" }, /each stage's percent is larger than the one before it/],
    [{ stages: "10,,100" }, /--stages takes percents/],
    [{ "error-stop": "few" }, /--error-stop is a whole number/],
    [{ "error-stop-sample": "3" }, /--error-stop-sample goes with --error-stop/],
    [{ concurrent: "0" }, /--concurrent is a whole number from 1/],
    [{ "silent-after": "10s" }, /assignmentTimeoutSeconds/],
    [{ plan: "plan.json", stages: "100" }, /--plan is the whole plan/],
  ])("of %j is refused", async (options, sentence) => {
    await expect(planOf(options)).rejects.toMatchObject({
      code: "usage",
      sentence: expect.stringMatching(sentence) as string,
    });
  });

  test("can come from a file, whole", async () => {
    const path = join(folder, "plan.json");
    writeFileSync(path, '{"stages":[{"percent":100}],"concurrentMax":7}');

    expect(await planOf({ plan: path })).toEqual({ stages: [{ percent: 100 }], concurrentMax: 7 });
  });

  test.each([
    ["not JSON", "file-invalid"],
    ['{"stages":[{"percent":100}],"speed":"fast"}', "usage"],
  ])("from a file with %j is refused", async (text, code) => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, text);

    await expect(planOf({ plan: path })).rejects.toMatchObject({ code });
  });
});
