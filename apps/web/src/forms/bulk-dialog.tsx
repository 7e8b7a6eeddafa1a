import type { BulkAction, GroupId } from "@moult/model";
import { useEffect, useEffectEvent, useState } from "react";
import type { Reply } from "@moult/client";
import type { DeviceFilter } from "../components/device-filter.ts";
import { bulkTitle } from "../components/bulk-words.ts";
import { DeviceLink } from "../components/device-link.tsx";
import type { ApiSelection } from "../components/device-selection.ts";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { hasCode, shownProblem } from "../server/problem.ts";
import { useAction } from "../server/use-action.ts";
import { Confirm } from "../ui/confirm.tsx";
import { SelectField } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { TextLink } from "../ui/text-link.tsx";

export type BulkVerb = BulkAction["kind"];
type Rehearsal = Reply<"rehearseBulkChange">;

const isForGood = (verb: BulkVerb): boolean => verb === "decommission";
const isDanger = (verb: BulkVerb): boolean => verb === "decommission" || verb === "reject";

/** Asks the server what would happen, says so, and lets exactly that begin: another number is asked about again. */
export function BulkDialog({
  verb,
  selection,
  filter,
  onClose,
  onStarted,
}: {
  readonly verb: BulkVerb;
  readonly selection: ApiSelection;
  readonly filter: DeviceFilter;
  readonly onClose: () => void;
  readonly onStarted: (bulkChangeId: string) => void;
}) {
  const [groupId, setGroupId] = useState<GroupId | undefined>(
    verb === "remove-from-group" ? (filter.groupId as GroupId | undefined) : undefined,
  );
  const action = actionOf(verb, groupId);
  const rehearse = useAction("rehearseBulkChange");
  const start = useAction("startBulkChange", {
    refreshes: ["listDevices", "countDevices", "countMatchingDevices", "listGroups", "showGroup"],
    onDone: ({ id }) => onStarted(id),
  });
  const ask = useEffectEvent(() => {
    if (action !== null) rehearse.mutate({ body: { selection, action } });
  });
  const [asks, setAsks] = useState(1);
  useEffect(() => ask(), [groupId, asks]);
  const rehearsal = rehearse.data;
  const isOtherCount = hasCode(start.error, "count-changed");
  const confirm = (): void => {
    if (action === null || rehearsal === undefined) return;
    start.mutate(
      { body: { selection, action, expectedMatches: rehearsal.matches } },
      { onError: (error) => hasCode(error, "count-changed") && setAsks(asks + 1) },
    );
  };
  const title = bulkTitle({ kind: verb }, rehearsal?.changes ?? null);
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`${title}?`}
      action={title}
      kind={isDanger(verb) ? "danger" : "primary"}
      typeCount={isForGood(verb) && (rehearsal?.changes ?? 0) > 1 ? rehearsal?.changes : undefined}
      isBusy={start.isPending}
      problem={isOtherCount ? rehearse.error : (start.error ?? rehearse.error)}
      disabledReason={reasonOff(action, rehearse.isPending, rehearsal)}
      onConfirm={confirm}
    >
      {verb === "add-to-group" && (
        <GroupField product={filter.product} groupId={groupId} onChange={setGroupId} />
      )}
      {isOtherCount && (
        <p className="rounded-md bg-warn-tint px-3 py-2 text-warn" role="alert">
          {shownProblem(start.error).detail}
        </p>
      )}
      {rehearse.isPending && <p role="status">The server counts the devices.</p>}
      {rehearsal !== undefined && <RehearsalText rehearsal={rehearsal} />}
    </Confirm>
  );
}

function actionOf(verb: BulkVerb, groupId: GroupId | undefined): BulkAction | null {
  if (verb !== "add-to-group" && verb !== "remove-from-group") return { kind: verb };
  return groupId === undefined ? null : { kind: verb, groupId };
}

function reasonOff(
  action: BulkAction | null,
  isCounting: boolean,
  rehearsal: Rehearsal | undefined,
): string | undefined {
  if (action === null) return "choose a group first";
  if (isCounting) return "the server is counting";
  if (rehearsal === undefined) return "the server has not said what would happen";
  return rehearsal.changes === 0 ? "it would change nothing" : undefined;
}

/** What happens and what does not, with some of the devices it happens to. */
function RehearsalText({ rehearsal }: { readonly rehearsal: Rehearsal }) {
  const { sentence, refused, samples, changes } = rehearsal;
  return (
    <>
      <p>
        <Foreign text={sentence} />
      </p>
      {refused.length > 0 && (
        <ul className="list-disc pl-5">
          {refused.map((reason) => (
            <li key={reason.sentence}>
              {counted(reason.count, "device")}: <Foreign text={reason.sentence} />
            </li>
          ))}
        </ul>
      )}
      {samples.length > 0 && (
        <p className="text-sm">
          {changes > samples.length ? "Among them: " : "That is: "}
          {samples.map(({ id, name }, index) => (
            <span key={id}>
              {index > 0 && ", "}
              <DeviceLink device={{ id, name, identity: {} }} />
            </span>
          ))}
        </p>
      )}
    </>
  );
}

function GroupField({
  product,
  groupId,
  onChange,
}: {
  readonly product: DeviceFilter["product"];
  readonly groupId: GroupId | undefined;
  readonly onChange: (groupId: GroupId | undefined) => void;
}) {
  const { data } = useOperation("listGroups", {
    query: product === undefined ? {} : { product },
  });
  const groups = (data?.items ?? []).filter(({ query }) => query === null);
  if (data !== undefined && groups.length === 0)
    return (
      <p>
        There are no groups to put devices into yet. <TextLink to="/groups">Create one</TextLink>,
        then come back.
      </p>
    );
  return (
    <SelectField
      label="Group"
      value={groupId ?? ""}
      choices={[
        { value: "", label: "Choose a group" },
        ...groups.map(({ id, name, product: of }) => ({
          value: id,
          label: `${plainText(name)} (${of})`,
        })),
      ]}
      onChange={(value) => onChange(value === "" ? undefined : (value as GroupId))}
    />
  );
}
