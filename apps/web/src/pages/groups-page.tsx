import type { Group } from "@moult/model";
import { useState } from "react";
import { CreateGroupDialog } from "../forms/create-group-dialog.tsx";
import { count, counted } from "../format/number.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

/** From so many on, a list is looked through by text. */
const SEARCHED_FROM = 10;

const COLUMNS: readonly Column<Group>[] = [
  {
    key: "name",
    title: "Group",
    cell: ({ id, name }) => (
      <TextLink isQuiet to="/groups/$groupId" params={{ groupId: id }}>
        <Foreign text={name} cut />
      </TextLink>
    ),
  },
  { key: "product", title: "Product", cell: ({ product }) => product },
  {
    key: "devices",
    title: "Devices",
    isNumber: true,
    cell: ({ id, deviceCount, isCountExact }) => (
      <TextLink isQuiet to="/devices" search={{ groupId: id }}>
        {isCountExact ? "" : "at least "}
        {count(deviceCount)}
        <span className="sm:hidden"> devices</span>
      </TextLink>
    ),
  },
  {
    key: "query",
    title: "Query",
    hidden: "phone",
    cell: ({ query }) =>
      query === null ? (
        <span className="text-soft">none: put together by hand</span>
      ) : (
        <span className="font-mono text-sm">
          <Foreign text={query} cut />
        </span>
      ),
  },
  {
    key: "created",
    title: "Created",
    hidden: "phone",
    cell: ({ createdAt }) => <When at={createdAt} />,
  },
];

export function GroupsPage() {
  const answer = useOperation("listGroups");
  const [isCreating, setCreating] = useState(false);
  const [part, setPart] = useState("");
  const off = useMay("groups:write") ? undefined : "your role does not allow this";
  const groups = answer.data?.items ?? [];
  const fitting = groups.filter(({ name }) =>
    name.toLowerCase().includes(part.trim().toLowerCase()),
  );
  return (
    <>
      <PageHeader
        title="Groups"
        sentence={answer.data === undefined ? <>&nbsp;</> : counted(groups.length, "group")}
        actions={
          <Button kind="primary" disabledReason={off} onClick={() => setCreating(true)}>
            Create a group
          </Button>
        }
      />
      {groups.length >= SEARCHED_FROM && (
        <div className="mb-3 max-w-md">
          <TextField
            label="Find a group"
            isLabelHidden
            placeholder="Name"
            value={part}
            onChange={setPart}
          />
        </div>
      )}
      <Answered answer={answer} what="groups">
        {() =>
          groups.length === 0 ? (
            <Empty title="No groups yet">
              <p>
                A group is a set of devices of one product, put together by hand or by a query: what
                a deployment goes to, or what is left alone.
              </p>
            </Empty>
          ) : fitting.length === 0 ? (
            <Empty title="No group has that name" />
          ) : (
            <Table caption="Groups" columns={COLUMNS} rows={fitting} keyOf={({ id }) => id} />
          )
        }
      </Answered>
      {isCreating && <CreateGroupDialog onClose={() => setCreating(false)} />}
    </>
  );
}
