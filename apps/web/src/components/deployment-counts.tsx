import type { Reply } from "@moult/client";
import type { AssignmentState, Deployment } from "@moult/model";
import { Link, type LinkProps } from "@tanstack/react-router";
import { count, exactCount } from "../format/number.ts";
import type { AssignmentsSearch } from "../server/page-search.ts";
import { classNames } from "../ui/class-names.ts";
import { Shape } from "../ui/shape.tsx";
import { ASSIGNMENT_STATE, type Status } from "../ui/status.ts";
import { TONE_TEXT } from "../ui/tone.ts";
import { outcomeCounts } from "./outcome-counts.ts";

type Progress = Reply<"showDeploymentProgress">;

const NOT_YET: Status = {
  word: "not yet offered",
  shape: "circle",
  tone: "wait",
  sentence: "Their turn has not come.",
};

/** How many devices are where: each number leads to the list of those that it counts. */
export function DeploymentCounts({
  deployment,
  progress,
}: {
  readonly deployment: Deployment;
  readonly progress: Progress;
}) {
  const open = (Object.keys(ASSIGNMENT_STATE) as AssignmentState[]).filter(
    (state) => state !== "closed" && openCount(progress, state) > 0,
  );
  const waiting = progress.waiting.reduce((sum, reason) => sum + reason.count, 0);
  const ended = outcomeCounts(deployment.tally);
  return (
    <ul aria-label="Devices by state" className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
      {ended.slice(0, 1).map((item) => (
        <Count
          key={item.outcome}
          status={item.status}
          number={item.count}
          deploymentId={deployment.id}
          search={{ outcome: item.outcome }}
        />
      ))}
      {open.map((state) => (
        <Count
          key={state}
          status={ASSIGNMENT_STATE[state]}
          number={openCount(progress, state)}
          deploymentId={deployment.id}
          search={{ state }}
        />
      ))}
      <Count
        status={NOT_YET}
        number={waiting}
        deploymentId={deployment.id}
        search={{ show: "waiting" }}
      />
      {ended.slice(1).map((item) => (
        <Count
          key={item.outcome}
          status={item.status}
          number={item.count}
          deploymentId={deployment.id}
          search={{ outcome: item.outcome }}
        />
      ))}
    </ul>
  );
}

const openCount = ({ openByState }: Progress, state: AssignmentState): number =>
  (openByState as Partial<Record<AssignmentState, number>>)[state] ?? 0;

function Count({
  status,
  number,
  deploymentId,
  search,
}: {
  readonly status: Status;
  readonly number: number;
  readonly deploymentId: string;
  readonly search: AssignmentsSearch;
}) {
  const link: LinkProps = {
    to: "/deployments/$deploymentId/devices",
    params: { deploymentId },
    search,
  };
  return (
    <li>
      <Link
        {...link}
        title={status.sentence}
        className="flex h-full flex-col rounded-lg border border-line px-3 py-2 text-ink no-underline hover:bg-raised sm:min-w-28"
      >
        <span className="tabular text-xl" title={exactCount(number)}>
          {count(number)}
        </span>{" "}
        <span
          className={classNames(
            "flex items-center gap-1.5 text-sm",
            number === 0 ? "text-soft" : TONE_TEXT[status.tone],
          )}
        >
          <Shape name={status.shape} size={14} />
          {status.word}
        </span>
      </Link>
    </li>
  );
}
