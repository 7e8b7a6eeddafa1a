import type { BulkChange, BulkChangeId } from "@moult/model";
import { useParams } from "@tanstack/react-router";
import { bulkSentence } from "../components/bulk-change-line.tsx";
import { bulkTitle } from "../components/bulk-words.ts";
import { exactCount, percent } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { isNowhere } from "../server/problem.ts";
import { Badge } from "../ui/badge.tsx";
import { Facts } from "../ui/facts.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { Progress } from "../ui/progress.tsx";
import { BULK_CHANGE_STATE } from "../ui/status.ts";
import { Table } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

const above = <TextLink to="/devices">Devices</TextLink>;

export function BulkChangePage() {
  const { bulkChangeId } = useParams({ from: "/frame/jobs/$bulkChangeId" });
  const answer = useOperation("showBulkChange", {
    params: { bulkChangeId: bulkChangeId as BulkChangeId },
  });
  if (isNowhere(answer.error))
    return (
      <>
        <PageHeader title="Change of many devices" above={above} />
        <Empty title="There is no such change" />
      </>
    );
  return (
    <>
      {answer.data === undefined && <PageHeader title="Change of many devices" above={above} />}
      <Answered answer={answer} what="change">
        {(change) => <ChangeBody change={change} />}
      </Answered>
    </>
  );
}

function ChangeBody({ change }: { readonly change: BulkChange }) {
  const { action, state, total, done } = change;
  const title = bulkTitle(action, total);
  const isRunning = state === "running";
  return (
    <>
      <PageHeader
        title={title}
        above={above}
        badge={<Badge status={BULK_CHANGE_STATE[state]} />}
        sentence={bulkSentence(change)}
      />
      {isRunning && (
        <div className="mb-5 flex flex-col gap-2">
          <Progress
            name={title}
            percent={total === 0 ? null : (done / total) * 100}
            text={`${exactCount(done)} of ${exactCount(total)}, ${percent(done, total)}`}
          />
          <p className="text-soft">
            Closing this page stops nothing, and neither does a restart of the server.
          </p>
        </div>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title="So far">
          <Result change={change} />
        </Panel>
        <Panel title="Could not be changed">
          <Refused change={change} />
        </Panel>
      </div>
    </>
  );
}

function Result({ change }: { readonly change: BulkChange }) {
  const { action, total, done, changed, unchanged, createdBy, createdAt, finishedAt } = change;
  return (
    <Facts
      facts={[
        ["Devices", exactCount(total)],
        ["Done", exactCount(done)],
        ["Changed", exactCount(changed)],
        ["Were so already", exactCount(unchanged)],
        ...("groupId" in action
          ? [
              [
                "Group",
                <TextLink key="group" to="/groups/$groupId" params={{ groupId: action.groupId }}>
                  See the group
                </TextLink>,
              ] as const,
            ]
          : []),
        [
          "Begun",
          <span key="begun">
            by <Foreign text={createdBy} /> <When at={createdAt} />
          </span>,
        ],
        ["Ended", <When key="ended" at={finishedAt} never="not yet" />],
      ]}
    />
  );
}

function Refused({ change: { refused, state } }: { readonly change: BulkChange }) {
  if (refused.length === 0)
    return <p className="text-soft">{state === "running" ? "None so far." : "None."}</p>;
  return (
    <Table
      caption="Devices that could not be changed, by reason"
      rows={refused}
      keyOf={({ sentence }) => sentence}
      columns={[
        {
          key: "count",
          title: "Devices",
          isNumber: true,
          cell: ({ count }) => exactCount(count),
        },
        { key: "why", title: "Why", cell: ({ sentence }) => <Foreign text={sentence} /> },
      ]}
    />
  );
}
