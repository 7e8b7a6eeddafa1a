import type { Group } from "@moult/model";
import { useNavigate } from "@tanstack/react-router";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { Confirm } from "../ui/confirm.tsx";
import { toast } from "../ui/toasts.tsx";

/** The server refuses while a deployment that has not ended goes to it, and names it. */
export function DeleteGroupDialog({
  group: { id, name, query, deviceCount },
  onClose,
}: {
  readonly group: Group;
  readonly onClose: () => void;
}) {
  const navigate = useNavigate();
  const label = plainText(name);
  const remove = useAction("deleteGroup", {
    onDone: () => {
      toast(`The group ${label} is deleted`);
      void navigate({ to: "/groups" });
    },
    refreshes: ["listGroups"],
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`Delete ${label}?`}
      action={`Delete ${label}`}
      isBusy={remove.isPending}
      problem={remove.error}
      onConfirm={() => remove.mutate({ params: { groupId: id } })}
    >
      <p>
        {query !== null
          ? "Only the group and its query go."
          : deviceCount === 0
            ? "No devices are in it."
            : `${counted(deviceCount, "device")} ${deviceCount === 1 ? "stays" : "stay"}; only the group goes.`}{" "}
        What they run keeps running.
      </p>
    </Confirm>
  );
}
