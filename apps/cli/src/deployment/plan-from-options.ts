import {
  DeploymentMode,
  Failure,
  Plan,
  PRIORITY_MAX,
  WINDOW_SHAPE,
  windowFromText,
} from "@moult/model";
import * as z from "zod";
import { CliError, usageError } from "../command-line/cli-error.ts";
import type { OptionSpecs, OptionValues } from "../command-line/command.ts";
import {
  durationSeconds,
  integer,
  oneOf,
  percent,
  sizeBytes,
} from "../command-line/option-value.ts";
import { readText } from "../files/read-text.ts";

/** Options that make a plan. What is not given is the server's default. */
export const PLAN_OPTIONS = {
  stages: {
    type: "string",
    value: "SIZES",
    help: "Shares of the target, one after the other, such as 10,50,100, or numbers of devices (count:5,10,all); all at once unless told",
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
  "error-stop-kinds": {
    type: "string",
    value: "ENDS",
    help: `Ends that count as failures, such as failed,rolled-back; ${Failure.options.join(", ")} unless told`,
  },
  "advance-at": {
    type: "string",
    value: "PERCENT",
    help: "Share of a stage that must have succeeded before the next; 100 unless told",
  },
  "advance-after": {
    type: "string",
    value: "TIME",
    help: "The next stage opens no sooner than this after the one before it",
  },
  "advance-wait": {
    type: "string",
    value: "TIME",
    help: "After this long, devices that were not reached no longer hold a stage up",
  },
  "advance-manually": {
    type: "boolean",
    help: "A person opens each next stage (moult deployment advance)",
  },
  approvals: {
    type: "string",
    value: "NUMBER",
    help: "People other than you who must approve each stage before it opens (moult deployment approve)",
  },
  approvers: {
    type: "string",
    value: "EMAILS",
    help: "With --approvals: only these people, separated by commas",
  },
  priority: {
    type: "string",
    value: "NUMBER",
    help: "0 to 9: where a device fits several deployments, the higher one goes first; 5 unless told",
  },
  concurrent: {
    type: "string",
    value: "NUMBER",
    help: "Devices in the update at the same time; 50 unless told",
  },
  "per-minute": {
    type: "string",
    value: "NUMBER",
    help: "Devices that start in any one minute; as many as may be in the update unless told",
  },
  ramp: {
    type: "string",
    value: "RAMP",
    help: 'Each stage begins slowly and goes faster, such as "5 x2 every 100 succeeded to 500": 5 in any minute, twice as many after each 100 that succeeded (or offered), up to 500',
  },
  "per-site": {
    type: "string",
    value: "ATTRIBUTE:NUMBER",
    help: "Devices in the update at the same time that have the same value of an inventory attribute, such as store:5; those without it are one site",
  },
  "bytes-per-day": {
    type: "string",
    value: "SIZE",
    help: "Artifacts offered in any 24 hours, such as 20GB; each try of a device counts its artifact whole; no limit unless told",
  },
  attempts: { type: "string", value: "NUMBER", help: "Tries that a device has; 1 unless told" },
  "retry-after": {
    type: "string",
    value: "TIME",
    help: "Time between a failed try and the next, doubling with each, up to a day; none unless told",
  },
  "retry-on": {
    type: "string",
    value: "CODES",
    help: "Try again only after these failures, such as download-failed,health-check-failed",
  },
  "never-retry-on": {
    type: "string",
    value: "CODES",
    help: "Never try again after these failures",
  },
  "silent-after": {
    type: "string",
    value: "TIME",
    help: "A device that reports nothing for so long timed out; by each device's own habit unless told",
  },
  "queued-timeout": {
    type: "string",
    value: "TIME",
    help: "A try ends when the device takes longer to begin; no limit unless told",
  },
  "download-timeout": {
    type: "string",
    value: "TIME",
    help: "A try ends when the device downloads for longer",
  },
  "install-timeout": {
    type: "string",
    value: "TIME",
    help: "A try ends when the device installs for longer",
  },
  "confirm-timeout": {
    type: "string",
    value: "TIME",
    help: "A try ends when the device proves the release for longer",
  },
  "on-trip": {
    type: "string",
    value: "WHAT",
    help: "When it stops itself: pause, cancel-queued (unless told), cancel-all, roll-back, or roll-back:RELEASE_ID",
  },
  window: {
    type: "string",
    value: "WINDOW",
    multiple: true,
    help: 'Devices begin in such times only: STEPS DAYS HH:MM LENGTH ZONE, such as "download mon-fri 01:00 4h Europe/Berlin"; DAYS may be daily, ZONE device or attribute:NAME',
  },
  conditions: {
    type: "string",
    value: "QUERY",
    help: 'Devices are offered it while this holds of their circumstances, such as "context.busy = false AND context.batteryPercent >= 50"',
  },
  mode: {
    type: "string",
    value: "MODE",
    help: "optional (unless told): a device's own reasons put it off; consent: a person at it says yes to the installation; force: only what keeps it from harm holds it; download-only: it keeps what it downloaded until a person opens the installation",
  },
  "force-after": {
    type: "string",
    value: "TIME",
    help: "So long after a device was first offered it, its update is forced",
  },
  plan: { type: "string", value: "FILE", help: "The whole plan as JSON, instead of these options" },
} as const satisfies OptionSpecs;

type PlanOptions = OptionValues<typeof PLAN_OPTIONS>;

/** The plan as the API takes it, checked here so that a mistake is told before anything is asked of the server. */
export async function planFromOptions(options: PlanOptions): Promise<z.input<typeof Plan>> {
  const file = options.plan;
  const named = Object.keys(PLAN_OPTIONS).filter((name) =>
    isGiven(options[name as keyof PlanOptions]),
  );
  if (file !== undefined && named.length > 1)
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

const isGiven = (value: PlanOptions[keyof PlanOptions]): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;

function fromOptions(options: PlanOptions): unknown {
  const advanceAt = options["advance-at"];
  const advance = given({
    successPercent: advanceAt === undefined ? undefined : percent("advance-at", advanceAt),
    afterSeconds: durationSeconds("advance-after", options["advance-after"]),
    maxWaitSeconds: durationSeconds("advance-wait", options["advance-wait"]),
    manual: options["advance-manually"] === true ? true : undefined,
  });
  const approvals = approvalsFrom(options);
  const ramp = rampFrom(options.ramp);
  const errorStop = errorStopFrom(options);
  const million = { min: 1, max: 1_000_000 };
  const plan = {
    version: 2,
    priority: integer("priority", options.priority, { min: 0, max: PRIORITY_MAX }),
    stages: (options.stages ?? "all").split(",").map((size) => ({
      size: sizeFrom(size.trim()),
      approvals,
      ramp,
      advance,
      errorStop,
    })),
    limits: given({
      concurrentMax: integer("concurrent", options.concurrent, million),
      perMinute: integer("per-minute", options["per-minute"], { min: 1, max: 100_000 }),
      perSite: perSiteFrom(options["per-site"]),
      bytesPerDay: sizeBytes("bytes-per-day", options["bytes-per-day"]),
    }),
    retry: given({
      attemptsMax: integer("attempts", options.attempts, { min: 1, max: 10 }),
      backoffSeconds: durationSeconds("retry-after", options["retry-after"]),
      retryOn: listFrom(options["retry-on"]),
      neverOn: listFrom(options["never-retry-on"]),
    }),
    timeouts: given({
      silenceSeconds: durationSeconds("silent-after", options["silent-after"]),
      queuedSeconds: durationSeconds("queued-timeout", options["queued-timeout"]),
      downloadSeconds: durationSeconds("download-timeout", options["download-timeout"]),
      installSeconds: durationSeconds("install-timeout", options["install-timeout"]),
      confirmSeconds: durationSeconds("confirm-timeout", options["confirm-timeout"]),
    }),
    onTrip: onTripFrom(options["on-trip"]),
    windows: windowsFrom(options.window),
    conditions: options.conditions,
    mode: oneOf("mode", options.mode, DeploymentMode.options),
    forceAfterSeconds: durationSeconds("force-after", options["force-after"]),
  };
  // JSON leaves out what is undefined.
  return JSON.parse(JSON.stringify(plan)) as unknown;
}

function approvalsFrom(options: PlanOptions): object | undefined {
  const required = integer("approvals", options.approvals, { min: 1, max: 10 });
  const from = listFrom(options.approvers);
  if (required === undefined && from !== undefined)
    throw usageError("--approvers goes with --approvals.");
  return given({ required, from });
}

function rampFrom(text: string | undefined): object | undefined {
  if (text === undefined) return undefined;
  const read = RAMP.exec(text.trim())?.groups;
  if (read === undefined)
    throw usageError(
      `--ramp is "5 x2 every 100 succeeded to 500" or "5 x1.5 every 100 offered to 500", not "${text}".`,
    );
  const { begins, factor, count, counted = "", ends } = read;
  return {
    perMinute: Number(begins),
    factor: Number(factor),
    every: { [counted]: Number(count) },
    perMinuteMax: Number(ends),
  };
}

const RAMP =
  /^(?<begins>\d{1,6}) x(?<factor>\d{1,2}(?:\.\d{1,3})?) every (?<count>\d{1,7}) (?<counted>succeeded|offered) to (?<ends>\d{1,6})$/u;

function perSiteFrom(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  // Names of attributes may have colons.
  const colon = text.lastIndexOf(":");
  if (colon < 1) throw usageError("--per-site is ATTRIBUTE:NUMBER, such as store:5.");
  const concurrentMax = integer("per-site", text.slice(colon + 1), { min: 1, max: 1_000_000 });
  return { attribute: text.slice(0, colon), concurrentMax };
}

/** What was given of it; undefined when nothing was. */
const given = (part: Readonly<Record<string, unknown>>): object | undefined =>
  Object.values(part).some((value) => value !== undefined) ? part : undefined;

/** Before a number of devices; a number alone is a share. */
const COUNT = "count:";

function sizeFrom(text: string): unknown {
  if (text === "all" || /^100\s*%?$/.test(text)) return { remaining: true };
  return text.startsWith(COUNT)
    ? { count: integer("stages", text.slice(COUNT.length), { min: 1, max: 1_000_000 }) }
    : { percent: percent("stages", text) };
}

const listFrom = (text: string | undefined): readonly string[] | undefined =>
  text?.split(",").map((part) => part.trim());

function windowsFrom(texts: readonly string[]): readonly unknown[] | undefined {
  if (texts.length === 0) return undefined;
  return texts.map((text) => {
    const window = windowFromText(text);
    if (window === undefined) throw usageError(`--window is ${WINDOW_SHAPE}; not "${text}".`);
    return window;
  });
}

/** Before the id of the release that devices go back to. */
const BACK_TO = "roll-back:";

const onTripFrom = (text: string | undefined): unknown =>
  text?.startsWith(BACK_TO) === true ? { rollBackTo: text.slice(BACK_TO.length) } : text;

function errorStopFrom(options: PlanOptions): unknown {
  const text = options["error-stop"];
  const sampleMin = integer("error-stop-sample", options["error-stop-sample"], {
    min: 1,
    max: 1_000_000,
  });
  const kinds = listFrom(options["error-stop-kinds"]);
  if (text === undefined) {
    if (sampleMin !== undefined) throw usageError("--error-stop-sample goes with --error-stop.");
    if (kinds !== undefined) throw usageError("--error-stop-kinds goes with --error-stop.");
    return undefined;
  }
  const stop: { count?: number; percent?: number } = {};
  for (const bound of text.split(",").map((part) => part.trim())) {
    if (bound.endsWith("%")) stop.percent = percent("error-stop", bound);
    else stop.count = integer("error-stop", bound, { min: 1, max: 1_000_000 }) ?? 1;
  }
  return { ...stop, sampleMin, kinds };
}

async function fromFile(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CliError("file-invalid", `${path} is not JSON.`, { cause });
  }
}
