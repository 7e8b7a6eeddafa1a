import type { Assignment, Attempt, DeviceId } from "@moult/model";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { ASSIGNMENT_STATE, OUTCOME, assignmentStatus } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";
import { DeploymentLink } from "./deployment-link.tsx";

/** The updates of a device, each with its tries. */
export function Attempts({
  assignments,
  deviceId,
}: {
  readonly assignments: readonly Assignment[];
  readonly deviceId: DeviceId;
}) {
  return (
    <ul className="flex flex-col divide-y divide-line">
      {assignments.map((assignment) => (
        <li key={assignment.id} className="flex flex-col gap-1 py-2 first:pt-0 last:pb-0">
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="min-w-0 flex-1">
              <DeploymentLink
                deploymentId={assignment.deploymentId}
                name={assignment.deploymentName}
              />
            </span>
            <Badge status={assignmentStatus(assignment)} isPlain />
            <span className="text-soft">
              <When at={assignment.closedAt ?? assignment.updatedAt} />
            </span>
          </span>
          <ol className="flex flex-col gap-1 text-soft">
            {assignment.attempts.map((attempt) => (
              <AttemptLine
                key={attempt.attempt}
                attempt={attempt}
                assignment={assignment}
                deviceId={deviceId}
              />
            ))}
          </ol>
        </li>
      ))}
    </ul>
  );
}

/** A single try that went well needs no line of its own. */
function AttemptLine({
  attempt: { attempt, outcome, code, detail, hasLog, startedAt },
  assignment,
  deviceId,
}: {
  readonly attempt: Attempt;
  readonly assignment: Assignment;
  readonly deviceId: DeviceId;
}) {
  const isOnly = assignment.attempts.length === 1;
  if (isOnly && code === null && detail === null && !hasLog) return null;
  const status = outcome === null ? ASSIGNMENT_STATE[assignment.state] : OUTCOME[outcome];
  return (
    <li>
      {!isOnly && (
        <>
          Try {attempt}, <When at={startedAt} />: {status.word}.{" "}
        </>
      )}
      {code !== null && <code>{code}</code>} {detail !== null && <Foreign text={detail} />}{" "}
      {hasLog && (
        <TextLink
          to="/devices/$deviceId/logs/$assignmentId/$attempt"
          params={{ deviceId, assignmentId: assignment.id, attempt: String(attempt) }}
        >
          Log{isOnly ? "" : ` of try ${attempt}`}
        </TextLink>
      )}
    </li>
  );
}
