import * as z from "zod";
import { GroupId, ReleaseId } from "./ids.ts";
import { Failure } from "./outcome.ts";
import { DeploymentMode } from "./update-mode.ts";
import { Window } from "./window.ts";

const DAY_SECONDS = 86_400;
export const PRIORITY_MAX = 9;
/** In the middle: there is room for what must not wait, and for what may. */
export const PRIORITY_DEFAULT = 5;
const seconds = (min: number, max: number) => z.int().min(min).max(max);

/** Trips the deployment when the failures among its finished devices reach either bound. */
export const ErrorStop = z
  .strictObject({
    /** This many failed devices. */
    count: z.int().min(1).max(1_000_000).optional(),
    /** This share of the finished devices, once at least `sampleMin` of them finished. */
    percent: z.number().gt(0).max(100).optional(),
    sampleMin: z.int().min(1).max(1_000_000).optional(),
    /** The ends that count as failures; all of them unless told. */
    kinds: z.array(Failure).min(1).max(Failure.options.length).optional(),
  })
  .refine((stop) => stop.count !== undefined || stop.percent !== undefined, {
    message: "an error stop names a count, a percent, or both",
  });
export type ErrorStop = z.infer<typeof ErrorStop>;

/** How many devices may be offered the release once a stage is open, those of the stages before it among them. */
export const StageSize = z.union(
  [
    /** This share of the eligible devices; at least one device. */
    z.strictObject({ percent: z.number().gt(0).max(100) }),
    z.strictObject({ count: z.int().min(1).max(1_000_000) }),
    /** Whoever is left, also who joins later. */
    z.strictObject({ remaining: z.literal(true) }),
    /** The target's devices that are in the group, as they are then, beside those of the stages before. */
    z.strictObject({ groupId: GroupId }),
    /** Those of which it is true; in the language of groups by query. */
    z.strictObject({ query: z.string().min(1).max(2_048) }),
  ],
  {
    error:
      'a size is {"percent": up to 100}, {"count": a number of devices}, {"groupId": a group}, {"query": a query} or {"remaining": true}',
  },
);
export type StageSize = z.infer<typeof StageSize>;

/** A size that says who, and not how many. */
export type NamedSize = Extract<StageSize, { groupId: GroupId } | { query: string }>;
export const isNamedSize = (size: StageSize): size is NamedSize =>
  "groupId" in size || "query" in size;

/** What must hold before the next stage begins: all of it. */
export const StageAdvance = z
  .strictObject({
    /** Share of this stage's devices that must have succeeded. */
    successPercent: z.number().gt(0).max(100).default(100),
    /** At least so long after the stage opened, however well it goes. */
    afterSeconds: seconds(1, 365 * DAY_SECONDS).optional(),
    /** So long after the stage opened, devices that were not reached hold it up no longer: the share is of the others. */
    maxWaitSeconds: seconds(60, 365 * DAY_SECONDS).optional(),
    /** A person opens the next stage. */
    manual: z.literal(true).optional(),
  })
  .refine(({ afterSeconds = 0, maxWaitSeconds = Infinity }) => maxWaitSeconds >= afterSeconds, {
    message: "the longest wait is no shorter than the shortest",
    path: ["maxWaitSeconds"],
  });
export type StageAdvance = z.infer<typeof StageAdvance>;

/** People other than the one who made the deployment who must approve a stage before it opens. */
export const StageApprovals = z
  .strictObject({
    required: z.int().min(1).max(10),
    /** E-mail addresses: only these count. Everybody who may deploy counts unless told. */
    from: z.array(z.email().max(254).toLowerCase()).min(1).max(50).optional(),
  })
  .refine(({ from }) => from === undefined || new Set(from).size === from.length, {
    message: "each person is named once",
    path: ["from"],
  })
  .refine(({ required, from }) => from === undefined || from.length >= required, {
    message: "no more approvals are required than people are named",
    path: ["required"],
  });
export type StageApprovals = z.infer<typeof StageApprovals>;

/**
 * A rate that grows while the release proves itself: so many offers in any 60 seconds when the stage opens, times `factor` after
 * each so many devices since then. It is claimed as a plan's own rate is, and the smaller of the two holds.
 */
export const Ramp = z
  .strictObject({
    perMinute: z.int().min(1).max(100_000),
    factor: z.number().min(1.1).max(10),
    every: z.union(
      [
        /** Devices that succeeded with the release. */
        z.strictObject({ succeeded: z.int().min(1).max(1_000_000) }),
        /** Offers, each try of a device being one. */
        z.strictObject({ offered: z.int().min(1).max(1_000_000) }),
      ],
      {
        error: 'a ramp rises after every {"succeeded": a number} or {"offered": a number}',
      },
    ),
    /** Where it ends. */
    perMinuteMax: z.int().min(1).max(100_000),
  })
  .refine(({ perMinute, perMinuteMax }) => perMinuteMax > perMinute, {
    message: "a ramp goes up: it ends above where it begins",
    path: ["perMinuteMax"],
  });
export type Ramp = z.infer<typeof Ramp>;

/** A share of the target, and what must hold before the next share begins. */
export const Stage = z.strictObject({
  /** What people call it; its number stays beside it. */
  name: z.string().trim().min(1).max(60).optional(),
  size: StageSize,
  approvals: StageApprovals.optional(),
  ramp: Ramp.optional(),
  advance: StageAdvance.prefault({}),
  errorStop: ErrorStop.optional(),
});
export type Stage = z.infer<typeof Stage>;

/** Codes are what devices report: `download-failed`, `health-check-failed`, ... */
const Codes = z.array(z.string().min(1).max(64)).min(1).max(50);

export const Retry = z.strictObject({
  /** Tries a device has. Charged only if the device really began. */
  attemptsMax: z.int().min(1).max(10).default(1),
  /** Between a failed try and the next; doubles with each try, up to a day. */
  backoffSeconds: seconds(0, DAY_SECONDS).default(0),
  /** Only a try that failed with one of these is followed by another. */
  retryOn: Codes.optional(),
  /** A try that failed with one of these is not. */
  neverOn: Codes.optional(),
});
export type Retry = z.infer<typeof Retry>;

/**
 * What a deployment does when it stops itself; nobody starts any more in any case. `pause`: who has the offer goes on.
 * `cancel-queued`: who has not begun to install gives it up. `cancel-all`: who installs gives it up where it still can.
 * `roll-back`: as `cancel-queued`, and devices that were updated go back to what each ran before, or to a named release.
 */
export const OnTrip = z.union(
  [
    z.enum(["pause", "cancel-queued", "cancel-all", "roll-back"]),
    z.strictObject({ rollBackTo: ReleaseId }),
  ],
  {
    error:
      'on a trip a plan says "pause", "cancel-queued", "cancel-all", "roll-back" or {"rollBackTo": the id of a release}',
  },
);
export type OnTrip = z.infer<typeof OnTrip>;

/** How many devices of one site may be in the update at the same time. */
const PerSite = z.strictObject({
  /** The inventory attribute whose value is a device's site. Devices that have none, or an empty one, are one site. */
  attribute: z.string().min(1).max(255),
  concurrentMax: z.int().min(1).max(1_000_000),
});

/** How a deployment goes about it. Grows in later versions; unknown fields are refused, so nothing is silently ignored. */
export const Plan = z
  .strictObject({
    version: z.literal(2).default(2),
    /** Where a device fits several deployments the higher one goes first, and of equal ones the newer. */
    priority: z.int().min(0).max(PRIORITY_MAX).default(PRIORITY_DEFAULT),
    stages: z.array(Stage).min(1).max(20),
    limits: z
      .strictObject({
        /** Devices that may be in the update at the same time; a safety limit, claimed and never estimated. */
        concurrentMax: z.int().min(1).max(1_000_000).default(50),
        /** Offers in any 60 seconds, wherever they begin; each try of a device is one. Claimed as well. */
        perMinute: z.int().min(1).max(100_000).optional(),
        perSite: PerSite.optional(),
        /**
         * Bytes of artifacts that are offered in any 24 hours; each try of a device counts its artifact whole, however much
         * of it is fetched. Claimed as well. The bound keeps what a deployment ever offers countable for years.
         */
        bytesPerDay: z.int().min(1).max(10_000_000_000_000).optional(),
      })
      .prefault({}),
    retry: Retry.prefault({}),
    timeouts: z
      .strictObject({
        /** An assignment without any report for this long ends as timed out or silent; unless told, by its device's habit. */
        silenceSeconds: seconds(60, 30 * DAY_SECONDS).optional(),
        /** A try ends when the device takes longer from the offer to its first report, ... */
        queuedSeconds: seconds(60, 30 * DAY_SECONDS).optional(),
        /** ... downloads for longer, ... */
        downloadSeconds: seconds(60, 30 * DAY_SECONDS).optional(),
        /** ... installs and activates for longer, ... */
        installSeconds: seconds(60, 30 * DAY_SECONDS).optional(),
        /** ... or proves what it installed for longer. While the device puts a step off, none of them runs. */
        confirmSeconds: seconds(60, 30 * DAY_SECONDS).optional(),
      })
      .prefault({}),
    onTrip: OnTrip.default("cancel-queued"),
    /** A step that windows are for begins in one of them only; any other whenever it can. */
    windows: z.array(Window).min(1).max(20).optional(),
    /** Devices are offered the release while this holds of what they say of their circumstances: a query over `context.*`. */
    conditions: z.string().min(1).max(2_048).optional(),
    /** `optional` unless told. */
    mode: DeploymentMode.optional(),
    /** So long after a device was first offered it, its update is forced. */
    forceAfterSeconds: seconds(60, 365 * DAY_SECONDS).optional(),
  })
  .refine(({ mode, forceAfterSeconds }) => mode !== "force" || forceAfterSeconds === undefined, {
    message: "what is forced from the beginning is not forced later",
    path: ["forceAfterSeconds"],
  })
  .refine(
    ({ mode, forceAfterSeconds }) => mode !== "download-only" || forceAfterSeconds === undefined,
    {
      message: "what waits for a person is not forced by time",
      path: ["forceAfterSeconds"],
    },
  )
  .refine(
    ({ stages }) => {
      const names = stages.flatMap(({ name }) => name ?? []);
      return new Set(names).size === names.length;
    },
    { message: "no two stages have the same name", path: ["stages"] },
  )
  .refine(
    ({ stages }) => isRising(stages.map(({ size }) => ("percent" in size ? size.percent : null))),
    {
      message: "each stage's percent is larger than the one before it",
      path: ["stages"],
    },
  )
  .refine(
    ({ stages }) => isRising(stages.map(({ size }) => ("count" in size ? size.count : null))),
    {
      message: "each stage's count is larger than the one before it",
      path: ["stages"],
    },
  )
  .refine(
    ({ stages }) =>
      stages.every(
        ({ size }, index) =>
          !isNamedSize(size) || stages.slice(0, index).every((before) => isNamedSize(before.size)),
      ),
    {
      message: "stages by group or query come before all others",
      path: ["stages"],
    },
  )
  .refine(
    ({ stages }) =>
      stages.every(({ size }, index) => takesAll(size) === (index === stages.length - 1)),
    {
      message: "the last stage, and only the last, is 100 percent or the remaining devices",
      path: ["stages"],
    },
  );
export type Plan = z.infer<typeof Plan>;

const takesAll = (size: StageSize): boolean =>
  "remaining" in size || ("percent" in size && size.percent === 100);

function isRising(sizes: readonly (number | null)[]): boolean {
  const named = sizes.filter((size) => size !== null);
  return named.every((size, index) => index === 0 || size > (named[index - 1] ?? 0));
}
