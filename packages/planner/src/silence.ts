import { DAY_MS, HOUR_MS, later, MINUTE_MS, SECOND_MS, type InstantMs } from "@moult/base";
import type { Plan } from "@moult/model";

/** How long a device has been quiet at a time, as far back as is kept of it. */
export interface CheckInHabit {
  /** Its longest pause of the period that is going on. */
  readonly longestMs: number;
  /** Its longest pause of the period before; null: it has not been watched for a whole period. */
  readonly longestBeforeMs: number | null;
}

/** Nothing is known of it. */
export const NO_HABIT: CheckInHabit = { longestMs: 0, longestBeforeMs: null };

/**
 * Two whole weeks have every day and night of the week twice, so a machine that is off at weekends has shown it, and one that
 * checks in once a week has paused at least once.
 */
export const HABIT_PERIOD_MS = 14 * DAY_MS;

/**
 * A device is silent once it has been quiet for three times its longest pause: one that is twice as late as ever has been seen to
 * come back, and three times is no coincidence. An installation with its restart is quiet for minutes, hence the least; the most
 * is what a plan could say. Of whom no habit is known, a day, in which most machines that are switched off at night come back.
 */
export const HABIT_SILENCE = {
  pauses: 3,
  msMin: HOUR_MS,
  msMax: 30 * DAY_MS,
  unknownMs: DAY_MS,
} as const;

/** How long a device must have been seen after its update's last report to have been there while only the update stood still. */
export const SEEN_LATER_MS = MINUTE_MS;

/** After how long a device in an update is given up that is not heard of. */
export type Patience =
  | { readonly kind: "by-plan"; readonly silenceMs: number }
  | {
      readonly kind: "by-habit";
      readonly silenceMs: number;
      /** Null: not known. */
      readonly longestPauseMs: number | null;
      /** A device that is heard of, and says nothing of its update for so long, has stood still with it. */
      readonly standstillMs: number;
    };

export function patienceOf(
  { timeouts: { silenceSeconds } }: Pick<Plan, "timeouts">,
  { longestMs, longestBeforeMs }: CheckInHabit,
): Patience {
  if (silenceSeconds !== undefined)
    return { kind: "by-plan", silenceMs: silenceSeconds * SECOND_MS };
  const { pauses, msMin, msMax, unknownMs } = HABIT_SILENCE;
  const longest = Math.max(longestMs, longestBeforeMs ?? 0);
  const atLeast = longestBeforeMs === null ? unknownMs : msMin;
  const silenceMs = Math.min(Math.max(pauses * longest, atLeast), msMax);
  return {
    kind: "by-habit",
    silenceMs,
    longestPauseMs: longestBeforeMs === null ? null : longest,
    standstillMs: Math.max(silenceMs, unknownMs),
  };
}

/** When a device was last heard of, by its update's reports and by anything else; null: by its reports alone. */
export interface HeardOf {
  readonly updatedAt: InstantMs;
  readonly lastSeenAt: InstantMs | null;
}

/** When the update of a device ends by itself, as far as silence ends it. */
export function silenceEndsAt(patience: Patience, { updatedAt, lastSeenAt }: HeardOf): InstantMs {
  const silentAt = later(updatedAt, patience.silenceMs);
  if (patience.kind === "by-plan" || lastSeenAt === null || lastSeenAt <= updatedAt)
    return silentAt;
  const unheardAt = later(lastSeenAt, patience.silenceMs);
  const standsStillAt = later(updatedAt, patience.standstillMs);
  return lastSeenAt > updatedAt + SEEN_LATER_MS && standsStillAt < unheardAt
    ? standsStillAt
    : unheardAt;
}

type ByHabit = Extract<Patience, { kind: "by-habit" }>;

/** When a device in an update is given up, where its own habit says it: nothing where its plan does. */
export const habitSentence = (patience: Patience): readonly string[] =>
  patience.kind === "by-plan"
    ? []
    : [
        `It is given up when it is not heard of for ${roughly(patience.silenceMs)}: ${habitOf(patience)}.`,
      ];

/** Why a device that was given up was. */
export const silenceDetail = (patience: ByHabit): string =>
  `It was not heard of for ${roughly(patience.silenceMs)}: ${habitOf(patience)}.`;

function habitOf({ longestPauseMs, silenceMs }: ByHabit): string {
  if (longestPauseMs === null) return "its habit is not known yet";
  const was = `its longest pause of late was ${roughly(longestPauseMs)}`;
  return silenceMs === HABIT_SILENCE.pauses * longestPauseMs
    ? `three times as long as usual, for ${was}`
    : was;
}

/** `45 s`, `6 h`, `9 d`: nobody needs the rest. */
function roughly(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  return ms < 2 * DAY_MS ? `${Math.round(ms / HOUR_MS)} h` : `${Math.round(ms / DAY_MS)} d`;
}
