import { unreachable } from "@moult/base";
import { HoldPoint } from "@moult/model";
import * as z from "zod";
import type { FinishedUpdate, StandaloneResult } from "../update-runner/update-runner.ts";

// What the commands of `moult-agent` say to the running daemon of the same version, over its socket.

const AbsolutePath = z.string().regex(/^\//).max(4096);

export const InstallCommand = z.strictObject({
  /** Absolute path of an artifact that the daemon can read. */
  file: AbsolutePath,
  isUnsignedAllowed: z.boolean(),
  metadataDir: AbsolutePath.optional(),
});
export type InstallCommand = z.infer<typeof InstallCommand>;

export const ConsentCommand = z.strictObject({ isYes: z.boolean() });
export type ConsentCommand = z.infer<typeof ConsentCommand>;

export const ConsentReply = z.discriminatedUnion("kind", [
  /** `before`: the step that the answer was about. */
  z.object({ kind: z.literal("taken"), before: HoldPoint }),
  z.object({ kind: z.literal("nothing-to-decide") }),
]);
export type ConsentReply = z.infer<typeof ConsentReply>;

/** The role of the signed metadata that had expired, when the file was installed by them all the same. */
const ExpiredRole = z.string().nullable();

/** What came of a command that installs, commits or rolls back. */
export const StandaloneReply = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("finished"),
    outcome: z.enum(["succeeded", "failed", "rolled-back", "rejected", "aborted"]),
    /** What the device runs now. */
    artifactName: z.string(),
    code: z.string().nullable(),
    detail: z.string().nullable(),
    expiredRole: ExpiredRole,
    logFile: z.string(),
    /** To bring back what ran before. */
    rebootNeeded: z.boolean(),
  }),
  z.object({
    kind: z.literal("awaiting-decision"),
    rebootNeeded: z.boolean(),
    artifactName: z.string(),
    expiredRole: ExpiredRole,
  }),
  z.object({ kind: z.literal("busy") }),
  z.object({ kind: z.literal("nothing-to-decide") }),
]);
export type StandaloneReply = z.infer<typeof StandaloneReply>;

export function standaloneReply(result: StandaloneResult): StandaloneReply {
  switch (result.kind) {
    case "finished":
      return finishedReply(result.finished);
    case "awaiting-decision":
    case "busy":
    case "nothing-to-decide":
      return result;
    default:
      return unreachable(result);
  }
}

function finishedReply(finished: FinishedUpdate): StandaloneReply {
  const { outcome, verdict, running, expiredRole, logFile, rebootNeeded } = finished;
  return {
    kind: "finished",
    outcome,
    artifactName: running.artifactName,
    code: verdict.failure?.code ?? null,
    detail: verdict.failure?.detail ?? null,
    expiredRole,
    logFile,
    rebootNeeded,
  };
}

/** Why the daemon did not do what it was asked to. */
export const ControlProblem = z.object({ code: z.string(), message: z.string() });
export type ControlProblem = z.infer<typeof ControlProblem>;
