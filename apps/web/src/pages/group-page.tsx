import type { Deployment, Group, GroupId } from "@moult/model";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { DeviceList } from "../components/device-list.tsx";
import { AddMembersDialog } from "../forms/add-members-dialog.tsx";
import { ChangeGroupDialog } from "../forms/change-group-dialog.tsx";
import { DeleteGroupDialog } from "../forms/delete-group-dialog.tsx";
import { countedDevices } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { isNowhere } from "../server/problem.ts";
import { Badge } from "../ui/badge.tsx";
import { Button, ButtonLink } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { deploymentStatus } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";

const above = <TextLink to="/groups">Groups</TextLink>;

export function GroupPage() {
  const groupId = useParams({ from: "/frame/groups/$groupId" }).groupId as GroupId;
  const answer = useOperation("showGroup", { params: { groupId } });
  if (isNowhere(answer.error))
    return (
      <>
        <PageHeader title="Group" above={above} />
        <Empty title="This group is gone">
          <p>It was deleted, or never was. Its devices are untouched by that.</p>
        </Empty>
      </>
    );
  return (
    <>
      {answer.data === undefined && <PageHeader title="Group" above={above} />}
      <Answered answer={answer} what="group" rows={6}>
        {(group) => <GroupBody group={group} />}
      </Answered>
    </>
  );
}

function GroupBody({ group }: { readonly group: Group }) {
  const { id, name, product, query } = group;
  const { cursor } = useSearch({ from: "/frame/groups/$groupId" });
  const [open, setOpen] = useState<"add" | "change" | "delete" | null>(null);
  const off = useMay("groups:write") ? undefined : "your role does not allow this";
  const add = (
    <Button disabledReason={off} onClick={() => setOpen("add")}>
      Add devices
    </Button>
  );
  return (
    <>
      <PageHeader
        title={plainText(name, 128)}
        shownTitle={<Foreign text={name} />}
        above={above}
        sentence={`${countedDevices(group)} of ${product}`}
        actions={
          <>
            <ButtonLink to="/deployments/new" search={{ groupId: id }} kind="primary">
              Deploy to it
            </ButtonLink>
            {query === null && add}
            <Button disabledReason={off} onClick={() => setOpen("change")}>
              Change
            </Button>
            <Button disabledReason={off} onClick={() => setOpen("delete")}>
              Delete
            </Button>
          </>
        }
      />
      {query !== null && (
        <Panel title="Its query">
          <p className="break-words font-mono text-sm">
            <Foreign text={query} />
          </p>
        </Panel>
      )}
      <UsedBy group={group} />
      <div className="mb-2 mt-6 flex flex-wrap items-baseline justify-between gap-3">
        <h2 className="text-lg">Its devices</h2>
        <TextLink to="/devices" search={{ groupId: id }}>
          Search and filter them
        </TextLink>
      </div>
      <DeviceList
        search={{ groupId: id, ...(cursor === undefined ? {} : { cursor }) }}
        empty={
          query === null ? (
            <Empty title="No devices in it yet">
              <p>Add some here, or select devices in the list of devices.</p>
            </Empty>
          ) : (
            <Empty title="The query is true of no device">
              <p>A device joins by itself as soon as it is true of it.</p>
            </Empty>
          )
        }
      />
      {open === "add" && <AddMembersDialog group={group} onClose={() => setOpen(null)} />}
      {open === "change" && <ChangeGroupDialog group={group} onClose={() => setOpen(null)} />}
      {open === "delete" && <DeleteGroupDialog group={group} onClose={() => setOpen(null)} />}
    </>
  );
}

const targets = ({ target }: Deployment, groupId: GroupId): boolean =>
  target.kind === "group" && target.groupId === groupId;

/** The newest deployments that go to the group. */
function UsedBy({ group: { id, product } }: { readonly group: Group }) {
  const answer = useOperation("listDeployments", { query: { product, limit: 200 } });
  const deployments = (answer.data?.items ?? []).filter((deployment) => targets(deployment, id));
  if (deployments.length === 0) return null;
  return (
    <Panel title="Deployments to it">
      <ul className="flex flex-col gap-2">
        {deployments.slice(0, 5).map((deployment) => (
          <li key={deployment.id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <TextLink to="/deployments/$deploymentId" params={{ deploymentId: deployment.id }}>
              <Foreign text={deployment.name} />
            </TextLink>
            <Badge status={deploymentStatus(deployment)} isPlain />
            <span className="text-soft">
              <Foreign text={deployment.headline} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
