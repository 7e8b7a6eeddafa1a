import { deviceLabel, type DeviceId, type Group } from "@moult/model";
import { useState } from "react";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { call } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField } from "../ui/field.tsx";
import { Answered } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { toast } from "../ui/toasts.tsx";

const FOUND_MAX = 20;

/** Finds devices of the group's product by text, and puts the ticked ones in. */
export function AddMembersDialog({
  group: { id: groupId, name, product },
  onClose,
}: {
  readonly group: Group;
  readonly onClose: () => void;
}) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<DeviceId>>(new Set());
  const found = useOperation(
    "listDevices",
    { query: { product, limit: FOUND_MAX, ...(text === "" ? {} : { search: text }) } },
    { keepsOld: true },
  );
  const add = useAction("addToGroup", {
    refreshes: ["listDevices", "countMatchingDevices", "showGroup", "listGroups", "showDevice"],
    onDone: () => {
      const deviceIds = [...chosen];
      toast(`${counted(deviceIds.length, "device")} added to ${plainText(name)}`, {
        undo: () =>
          void call("removeFromGroup", { params: { groupId }, body: { deviceIds } }).catch(() =>
            toast("That could not be undone; remove them on the group's page"),
          ),
      });
      onClose();
    },
  });
  const tick = (id: DeviceId, isOn: boolean): void => {
    const next = new Set(chosen);
    if (isOn) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <Dialog isOpen onClose={onClose} title={`Add devices to ${plainText(name)}`}>
      <SearchBox
        label="Find devices"
        placeholder="Name, serial number or id"
        value={text}
        onChange={setText}
      />
      <Answered answer={found} what="devices">
        {({ items, nextCursor }) => (
          <div className="flex max-h-72 flex-col gap-1 overflow-auto">
            {items.length === 0 && <p className="text-soft">No device matches.</p>}
            {items.map((device) => {
              const isMember = device.groupIds.includes(groupId);
              return (
                <CheckField
                  key={device.id}
                  label={plainText(deviceLabel(device))}
                  isChecked={isMember || chosen.has(device.id)}
                  onChange={(isOn) => !isMember && tick(device.id, isOn)}
                  {...(isMember ? { hint: "is in it already" } : {})}
                />
              );
            })}
            {nextCursor !== null && (
              <p className="text-sm text-soft">
                There are more. Type a part of the name, or{" "}
                <TextLink to="/devices" search={{ product }}>
                  select many in the list of devices
                </TextLink>
                .
              </p>
            )}
          </div>
        )}
      </Answered>
      {add.error !== null && <ProblemPanel error={add.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          kind="primary"
          isBusy={add.isPending}
          disabledReason={chosen.size === 0 ? "tick a device first" : undefined}
          onClick={() => add.mutate({ params: { groupId }, body: { deviceIds: [...chosen] } })}
        >
          Add {chosen.size === 0 ? "devices" : counted(chosen.size, "device")}
        </Button>
      </div>
    </Dialog>
  );
}
