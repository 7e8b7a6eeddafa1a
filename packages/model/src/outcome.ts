import * as z from "zod";

/** How a device's assignment ended. */
export const Outcome = z.enum([
  "succeeded",
  "already-running",
  "failed",
  "rolled-back",
  "rejected",
  "timed-out",
  "silent",
  "aborted",
]);
export type Outcome = z.infer<typeof Outcome>;

/** An end that speaks against the release. Not knowing how it ended is no success. */
export const Failure = Outcome.exclude(["succeeded", "already-running", "aborted"]);
export type Failure = z.infer<typeof Failure>;
