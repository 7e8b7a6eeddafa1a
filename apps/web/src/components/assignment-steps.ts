import type { Assignment, AssignmentState, FleetEvent } from "@moult/model";
import { ASSIGNMENT_STATE, OUTCOME, type Status } from "../ui/status.ts";

/** The way of an update that goes well. */
const WAY: readonly AssignmentState[] = [
  "offered",
  "downloading",
  "installing",
  "activating",
  "proving",
];

export interface AssignmentStep {
  readonly key: string;
  readonly status: Status;
  readonly place: "done" | "current" | "next";
  /** When it was reported, as far as the timeline shown here goes back. */
  readonly at: string | null;
}

const CONFIRMED: Status = { ...OUTCOME.succeeded, word: "confirmed" };

/** Where the update stands on its way; steps off it (a try that is repeated, a way back) stand at its end. */
export function assignmentSteps(
  { id, state, offeredAt }: Pick<Assignment, "id" | "state" | "offeredAt">,
  events: readonly FleetEvent[],
): AssignmentStep[] {
  const reached = WAY.indexOf(state);
  const reportedAt = (of: AssignmentState): string | null => {
    if (of === "offered") return offeredAt;
    const reports = events.filter(
      ({ assignmentId, body }) =>
        assignmentId === id && body.kind === "assignment-progressed" && body.state === of,
    );
    // Newest first: the last one is when it began.
    return reports.at(-1)?.at ?? null;
  };
  if (reached < 0) {
    const walked = WAY.filter((step) => reportedAt(step) !== null);
    return [
      ...walked.map((step) => ({
        key: step,
        status: ASSIGNMENT_STATE[step],
        place: "done" as const,
        at: reportedAt(step),
      })),
      { key: state, status: ASSIGNMENT_STATE[state], place: "current", at: reportedAt(state) },
    ];
  }
  return [
    ...WAY.map((step, index) => ({
      key: step,
      status: ASSIGNMENT_STATE[step],
      place:
        index < reached
          ? ("done" as const)
          : index === reached
            ? ("current" as const)
            : ("next" as const),
      at: index <= reached ? reportedAt(step) : null,
    })),
    { key: "confirmed", status: CONFIRMED, place: "next", at: null },
  ];
}
