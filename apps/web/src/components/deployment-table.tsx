import type { Deployment } from "@moult/model";
import { exactCount } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { ShareBar } from "../ui/share-bar.tsx";
import { deploymentStatus } from "../ui/status.ts";
import { Table, type Column } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";
import { endedIn, outcomeShares, reachOf } from "./outcome-counts.ts";

const COLUMNS: readonly Column<Deployment>[] = [
  {
    key: "name",
    title: "Deployment",
    isWide: true,
    cell: ({ id, name, headline }) => (
      <div className="flex min-w-0 flex-col py-1">
        <TextLink to="/deployments/$deploymentId" params={{ deploymentId: id }} isQuiet>
          <span className="font-medium">
            <Foreign text={name} />
          </span>
        </TextLink>
        <span className="text-sm font-normal text-soft">
          <Foreign text={headline} />
        </span>
      </div>
    ),
  },
  {
    key: "state",
    title: "State",
    width: "w-40",
    cell: (deployment) => <Badge status={deploymentStatus(deployment)} isPlain />,
  },
  {
    key: "stage",
    title: "Stage",
    width: "w-20",
    cell: ({ stage, plan }) => (
      <span className="tabular whitespace-nowrap">
        <span className="sm:sr-only">stage </span>
        {stage + 1} of {plan.stages.length}
      </span>
    ),
  },
  {
    key: "outcomes",
    title: "Devices",
    width: "w-48",
    isWide: true,
    cell: ({ tally }) => (
      <div className="flex w-40 flex-col gap-0.5 max-sm:w-full">
        <ShareBar shares={outcomeShares(tally)} total={reachOf(tally)} name="Devices" />
        <span className="tabular text-sm text-soft">
          {exactCount(endedIn(tally))} of {exactCount(reachOf(tally))} ended
        </span>
      </div>
    ),
  },
  {
    key: "release",
    title: "Release",
    width: "w-24",
    hidden: "phone",
    cell: ({ releaseId, version }) => (
      <TextLink to="/releases/$releaseId" params={{ releaseId }} isQuiet>
        <Foreign text={version} mono />
      </TextLink>
    ),
  },
  {
    key: "by",
    title: "By",
    width: "w-28",
    hidden: "phone",
    cell: ({ createdBy }) => <Foreign text={createdBy} cut />,
  },
  {
    key: "created",
    title: "Created",
    width: "w-28",
    cell: ({ createdAt }) => (
      <>
        <span className="text-soft sm:hidden">created </span>
        <When at={createdAt} />
      </>
    ),
  },
];

export function DeploymentTable({
  caption,
  deployments,
}: {
  readonly caption: string;
  readonly deployments: readonly Deployment[];
}) {
  return <Table caption={caption} columns={COLUMNS} rows={deployments} keyOf={({ id }) => id} />;
}
