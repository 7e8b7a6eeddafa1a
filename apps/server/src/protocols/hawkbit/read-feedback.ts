import * as z from "zod";
import type {
  CancelFeedback,
  ControllerFeedback,
  UnnumberedReport,
} from "../../device-session/index.ts";
import type { ClientKind } from "./client-kind.ts";

const LINES_MAX = 200;
const LINE_LENGTH_MAX = 2_000;

const Execution = z.enum([
  "closed",
  "proceeding",
  "canceled",
  "scheduled",
  "rejected",
  "resumed",
  "downloaded",
  "download",
]);
const Finished = z.enum(["success", "failure", "none"]);

/** hawkBit's feedback; what else a client sends is left out, and one text may stand where several could. */
export const Feedback = z.object({
  status: z.object({
    execution: Execution,
    result: z.object({
      finished: Finished,
      progress: z.object({ cnt: z.number(), of: z.number() }).partial().nullish().catch(null),
    }),
    code: z.number().nullish().catch(null),
    details: z
      .union([z.array(z.string()), z.string().transform((text) => [text])])
      .nullish()
      .transform((lines) => lines ?? []),
  }),
});
export type Feedback = z.infer<typeof Feedback>;

const linesOf = ({ status: { details, code } }: Feedback): readonly string[] =>
  [...details, ...(code == null ? [] : [`Device reported status code: ${code}`])]
    .slice(-LINES_MAX)
    .map((line) => line.slice(0, LINE_LENGTH_MAX));

type Told = readonly (readonly [RegExp, UnnumberedReport])[];

/**
 * Texts by which clients tell what they are at; the protocol itself has no words for it. SWUpdate installs while it fetches and
 * can be stopped until the end of it, so that what it calls an installation in progress is no step of its own.
 */
const TOLD_BY_SWUPDATE: Told = [
  [/^Update Installed, Testing Pending/i, { kind: "proving" }],
  [/^All Chunks Installed/i, { kind: "activating" }],
];
/** rauc-hawkbit-updater may keep what it has fetched for a long time; RAUC's own steps begin with a percentage. */
const TOLD_BY_OTHERS: Told = [
  [/^(?:installing\b|Installation in progress|\d{1,3}% )/i, { kind: "installing" }],
  [/^(?:Download complete|File checksum OK)/i, { kind: "downloading", progressPercent: 100 }],
];

const progressOf = (feedback: Feedback, client: ClientKind): ControllerFeedback["step"] => {
  const { details } = feedback.status;
  for (const [pattern, report] of client === "swupdate" ? TOLD_BY_SWUPDATE : TOLD_BY_OTHERS)
    if (details.some((line) => pattern.test(line.trim()))) return { kind: "progress", report };
  return { kind: "progress", report: null };
};

type Steps = Readonly<
  Record<
    z.infer<typeof Execution>,
    (feedback: Feedback, kind: ClientKind) => ControllerFeedback["step"]
  >
>;

/** The one table of what hawkBit's words mean here. */
const STEPS: Steps = {
  closed: (feedback, kind) => {
    if (feedback.status.result.finished !== "failure") return { kind: "written" };
    // SWUpdate says so after the restart into a system that its bootloader gave up.
    const afterRestart =
      kind === "swupdate" && feedback.status.details.some((line) => /^Update Failed/i.test(line));
    return { kind: "failed", afterRestart };
  },
  download: () => ({ kind: "progress", report: { kind: "downloading", progressPercent: 0 } }),
  downloaded: () => ({ kind: "progress", report: { kind: "downloading", progressPercent: 100 } }),
  proceeding: progressOf,
  resumed: progressOf,
  scheduled: () => ({ kind: "progress", report: null }),
  canceled: () => ({ kind: "progress", report: null }),
  rejected: () => ({ kind: "progress", report: null }),
};

export const feedbackOf = (feedback: Feedback, kind: ClientKind): ControllerFeedback => ({
  step: STEPS[feedback.status.execution](feedback, kind),
  lines: linesOf(feedback),
});

/** An answer to a cancellation: only what closes it gives the update up. */
export function cancelFeedbackOf(feedback: Feedback): CancelFeedback {
  const { execution, result } = feedback.status;
  const lines = linesOf(feedback);
  if (execution === "rejected") return { answer: "goes-on", lines };
  if (execution !== "closed") return { answer: "undecided", lines };
  return { answer: result.finished === "failure" ? "goes-on" : "given-up", lines };
}

const ATTRIBUTES_MAX = 100;

/** hawkBit's attributes of a device; nulls take an attribute away where they are merged. */
export const ConfigData = z.object({
  mode: z.enum(["merge", "replace", "remove"]).nullish(),
  data: z
    .record(
      z.string().min(1).max(128),
      z
        .union([z.string(), z.number(), z.boolean()])
        .transform(String)
        .pipe(z.string().max(128))
        .nullable(),
    )
    .refine((data) => Object.keys(data).length <= ATTRIBUTES_MAX, "at most 100 attributes"),
});
export type ConfigData = z.infer<typeof ConfigData>;

/** What a device's attributes are after it sent some. */
export function changedAttributes(
  before: Readonly<Record<string, string>>,
  { mode, data }: ConfigData,
): Record<string, string> {
  const after = new Map(mode === "replace" ? [] : Object.entries(before));
  for (const [name, value] of Object.entries(data))
    if (mode === "remove" || value === null) after.delete(name);
    else after.set(name, value);
  return Object.fromEntries(after);
}
