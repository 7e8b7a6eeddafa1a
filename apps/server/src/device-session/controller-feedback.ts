import type { Clock } from "@moult/base";
import type { DeviceId } from "@moult/model";
import { actionOf, noteEnded, noteGoesOn, noteWritten } from "../controllers/index.ts";
import { appendAttemptLog, reportNext, type UnnumberedReport } from "../deployments/index.ts";
import { knownAttributes, knownRunning } from "../devices/index.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { confirmRunning } from "./controller-attributes.ts";

/** What a client says of an update that it works on. */
export interface ControllerFeedback {
  readonly step:
    | { readonly kind: "progress"; readonly report: UnnumberedReport | null }
    /** It is done and well: what it installed is written, and runs now or after a restart. */
    | { readonly kind: "written" }
    | { readonly kind: "failed"; readonly afterRestart: boolean }
    | { readonly kind: "refused" };
  /** Lines for the log of the try. */
  readonly lines: readonly string[];
}

export interface CancelFeedback {
  readonly answer: "given-up" | "goes-on" | "undecided";
  readonly lines: readonly string[];
}

/** `over`: its client has ended it before. */
export type FeedbackResult = "recorded" | "not-found" | "over";

interface FeedbackDeps {
  readonly clock: Clock;
  readonly versionAttribute: string;
  readonly confirmSeconds: number;
}

/** Records it in the caller's transaction, which holds the device's row. */
export async function recordFeedback(
  db: TenantDb,
  { deviceId }: { readonly deviceId: DeviceId },
  number: number,
  { step, lines }: ControllerFeedback,
  deps: FeedbackDeps,
): Promise<FeedbackResult> {
  const action = await actionOf(db, deviceId, number);
  if (action === undefined) return "not-found";
  if (action.isClosed) return "over";
  const { assignmentId, attempt } = action;
  const at = deps.clock.now();
  await appendAttemptLog(db, deviceId, assignmentId, attempt, lines);
  const report = (said: UnnumberedReport) =>
    reportNext(db, deviceId, assignmentId, attempt, said, at);
  switch (step.kind) {
    case "progress":
      if (step.report !== null) await report(step.report);
      return "recorded";
    case "written":
      await noteWritten(db, deviceId, number, at);
      await report({ kind: "proving" });
      await confirmRunning(db, deviceId, await knownAttributes(db, deviceId), deps);
      return "recorded";
    case "failed":
    case "refused":
      await noteEnded(db, number, at);
      await report({
        kind: "finished",
        outcome: endedAs(step),
        code: step.kind === "failed" ? "client-failed" : "client-refused",
        detail: lines.at(-1) ?? "",
        running: await knownRunning(db, deviceId),
      });
      return "recorded";
  }
}

const endedAs = (
  step: Extract<ControllerFeedback["step"], { kind: "failed" | "refused" }>,
): "rejected" | "rolled-back" | "failed" => {
  if (step.kind === "refused") return "rejected";
  return step.afterRestart ? "rolled-back" : "failed";
};

/** The same for the answer to a cancellation. */
export async function recordCancelFeedback(
  db: TenantDb,
  { deviceId }: { readonly deviceId: DeviceId },
  number: number,
  { answer, lines }: CancelFeedback,
  { clock }: FeedbackDeps,
): Promise<FeedbackResult> {
  const action = await actionOf(db, deviceId, number);
  if (action === undefined) return "not-found";
  if (action.isClosed) return "over";
  const { assignmentId, attempt } = action;
  const at = clock.now();
  await appendAttemptLog(db, deviceId, assignmentId, attempt, lines);
  if (answer === "goes-on") await noteGoesOn(db, number, at);
  if (answer !== "given-up") return "recorded";
  await noteEnded(db, number, at);
  const running = await knownRunning(db, deviceId);
  await reportNext(
    db,
    deviceId,
    assignmentId,
    attempt,
    { kind: "finished", outcome: "aborted", code: "withdrawn", running },
    at,
  );
  return "recorded";
}
