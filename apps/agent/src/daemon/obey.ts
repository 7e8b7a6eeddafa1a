import type { Log } from "@moult/base";
import { isToldAlike, updateId, type AssignmentUpdate, type UpdateState } from "@moult/updater";
import type { AcceptedInstruction } from "../server-link/check-in.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import type { UpdateRunner } from "../update-runner/update-runner.ts";

export interface ObeyDeps {
  readonly runner: Pick<UpdateRunner, "state" | "offer" | "withdraw">;
  readonly queue: Pick<ReportQueue, "repeatFinished">;
  readonly log: Log;
}

/**
 * Does what a verified instruction says; doing it again changes nothing. `isNew`: it has just arrived, and is not one from
 * before that still holds.
 */
export async function obey(
  { runner, queue, log }: ObeyDeps,
  accepted: AcceptedInstruction,
  isNew: boolean,
): Promise<void> {
  const wanted = wantedUpdate(accepted);
  const under = assignmentUnderWay(runner.state());
  if (wanted === undefined) {
    if (under !== undefined) await runner.withdraw();
    return;
  }
  if (under !== undefined && updateId(under) === updateId(wanted)) {
    // When it may go on, and what the device may have against it, is told anew.
    if (!isToldAlike(under, wanted)) await runner.offer(wanted);
    return;
  }
  // The end is on its way, or was told to a server that has forgotten it since.
  if (isNew && (await queue.repeatFinished(wanted))) return;
  if (under !== undefined) await runner.withdraw();
  const isTaken = await runner.offer(wanted);
  if (isTaken) log.info("update-taken", { updateId: updateId(wanted), path: wanted.path });
  else if (isNew) log.info("update-not-taken", { updateId: updateId(wanted) });
}

/** The assignment that the device is busy with, if any. */
export function assignmentUnderWay(state: UpdateState): AssignmentUpdate | undefined {
  const update = updateOf(state);
  return update?.kind === "assignment" ? update : undefined;
}

/** The update that a state belongs to, if any. */
export function updateOf(state: UpdateState) {
  if (state.kind === "idle") return undefined;
  return "job" in state ? state.job.update : state.update;
}

function wantedUpdate({ instruction, origin }: AcceptedInstruction): AssignmentUpdate | undefined {
  const { action } = instruction;
  const [component] = action.kind === "install" ? action.components : [];
  if (action.kind !== "install" || component === undefined) return undefined;
  return {
    kind: "assignment",
    assignmentId: action.assignmentId,
    deploymentId: action.deploymentId,
    attempt: action.attempt,
    artifactName: action.artifactName,
    path: component.path,
    sizeBytes: component.sizeBytes,
    sha256: component.sha256,
    instruction: origin,
    ...(action.windows === undefined ? {} : { windows: action.windows }),
    ...(action.mode === undefined ? {} : { mode: action.mode }),
  };
}
