import type { Reply } from "@moult/client";
import type { GroupId } from "@moult/model";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { SelectField } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

const REFRESHES = ["showDevice", "listDevices", "listGroups", "showGroup"] as const;

/** The groups that a device is in. */
export function DeviceGroupsPanel({ device }: { readonly device: Reply<"showDevice"> }) {
  const off = useMay("groups:write") ? undefined : "your role does not allow this";
  const answer = useOperation("listGroups", { query: { product: device.product } });
  const add = useAction("addToGroup", { refreshes: REFRESHES });
  const remove = useAction("removeFromGroup", { refreshes: REFRESHES });
  const members = (groupId: GroupId) => ({ params: { groupId }, body: { deviceIds: [device.id] } });
  const error = add.error ?? remove.error;
  return (
    <Panel title="Groups">
      <Answered answer={answer} what="groups" rows={2}>
        {({ items }) => {
          const others = items.filter(
            ({ id, query }) => query === null && !device.groupIds.includes(id),
          );
          return (
            <div className="flex flex-col gap-3">
              {error !== null && <ProblemPanel error={error} />}
              {device.groupIds.length === 0 && <p className="text-soft">It is in no group.</p>}
              <ul className="flex flex-col gap-1">
                {items
                  .filter(({ id }) => device.groupIds.includes(id))
                  .map(({ id, name, query }) => (
                    <li key={id} className="flex items-center justify-between gap-3">
                      <TextLink to="/groups/$groupId" params={{ groupId: id }}>
                        <Foreign text={name} />
                      </TextLink>
                      <Button
                        kind="quiet"
                        disabledReason={
                          query === null ? off : "it is in this group because of the group's query"
                        }
                        aria-label={`Remove from ${plainText(name)}`}
                        onClick={() => remove.mutate(members(id))}
                      >
                        Remove
                      </Button>
                    </li>
                  ))}
              </ul>
              {others.length > 0 && off === undefined && (
                <SelectField<GroupId | "">
                  label="Add to a group"
                  value=""
                  choices={[
                    { value: "", label: "Choose a group" },
                    ...others.map(({ id, name }) => ({ value: id, label: plainText(name) })),
                  ]}
                  onChange={(id) => id !== "" && add.mutate(members(id))}
                />
              )}
            </div>
          );
        }}
      </Answered>
    </Panel>
  );
}
