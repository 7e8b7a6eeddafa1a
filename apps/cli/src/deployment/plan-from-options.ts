import { Plan } from "@moult/model";
import * as z from "zod";
import { CliError, usageError } from "../command-line/cli-error.ts";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import { durationSeconds, integer, percent } from "../command-line/option-value.ts";
import { readText } from "../files/read-text.ts";

/** Options that make a plan. What is not given is the server's default. */
export const PLAN_OPTIONS = {
  stages: {
    type: "string",
    value: "PERCENTS",
    help: "Shares of the target, one after the other, such as 10,50,100; all at once unless told",
  },
  "error-stop": {
    type: "string",
    value: "BOUNDS",
    help: "Stop in a stage at this many failures (3), this share of the finished devices (10%), or either (3,10%)",
  },
  "error-stop-sample": {
    type: "string",
    value: "NUMBER",
    help: "The share counts once this many devices finished",
  },
  "advance-at": {
    type: "string",
    value: "PERCENT",
    help: "Share of a stage that must have succeeded before the next; 100 unless told",
  },
  concurrent: {
    type: "string",
    value: "NUMBER",
    help: "Devices in the update at the same time; 50 unless told",
  },
  attempts: { type: "string", value: "NUMBER", help: "Tries that a device has; 1 unless told" },
  "silent-after": {
    type: "string",
    value: "TIME",
    help: "A device that reports nothing for so long timed out; 24h unless told",
  },
  plan: { type: "string", value: "FILE", help: "The whole plan as JSON, instead of these options" },
} as const satisfies OptionSpecs;

type PlanOptions = OptionValues<typeof PLAN_OPTIONS>;

/** The plan as the API takes it, checked here so that a mistake is told before anything is asked of the server. */
export async function planFromOptions(options: PlanOptions): Promise<z.input<typeof Plan>> {
  const file = options.plan;
  const given = Object.keys(PLAN_OPTIONS).filter(
    (name) => options[name as keyof PlanOptions] !== undefined,
  );
  if (file !== undefined && given.length > 1)
    throw usageError("--plan is the whole plan; the other plan options go without it.");
  const plan = file === undefined ? fromOptions(options) : await fromFile(file);
  const parsed = Plan.safeParse(plan);
  if (!parsed.success)
    throw usageError(
      `The plan is not valid: ${z.prettifyError(parsed.error).replace(/\s+/g, " ")}`,
    );
  // As given: what is left out is for the server to decide.
  return plan as z.input<typeof Plan>;
}

function fromOptions(options: PlanOptions): unknown {
  const errorStop = errorStopFrom(options["error-stop"], options["error-stop-sample"]);
  const advanceAt = options["advance-at"];
  const advanceAtPercent = advanceAt === undefined ? undefined : percent("advance-at", advanceAt);
  const million = { min: 1, max: 1_000_000 };
  const plan = {
    stages: (options.stages ?? "100").split(",").map((share) => ({
      percent: percent("stages", share.trim()),
      advanceAtPercent,
      errorStop,
    })),
    concurrentMax: integer("concurrent", options.concurrent, million),
    attemptsMax: integer("attempts", options.attempts, { min: 1, max: 10 }),
    assignmentTimeoutSeconds: durationSeconds("silent-after", options["silent-after"]),
  };
  // JSON leaves out what is undefined.
  return JSON.parse(JSON.stringify(plan)) as unknown;
}

function errorStopFrom(text: string | undefined, sample: string | undefined): unknown {
  const sampleMin = integer("error-stop-sample", sample, { min: 1, max: 1_000_000 });
  if (text === undefined) {
    if (sampleMin !== undefined) throw usageError("--error-stop-sample goes with --error-stop.");
    return undefined;
  }
  const stop: { count?: number; percent?: number; sampleMin?: number } = {};
  for (const bound of text.split(",").map((part) => part.trim())) {
    if (bound.endsWith("%")) stop.percent = percent("error-stop", bound);
    else stop.count = integer("error-stop", bound, { min: 1, max: 1_000_000 }) ?? 1;
  }
  return sampleMin === undefined ? stop : { ...stop, sampleMin };
}

async function fromFile(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CliError("file-invalid", `${path} is not JSON.`, { cause });
  }
}
