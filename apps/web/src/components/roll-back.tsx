import type { Deployment, ReleaseId } from "@moult/model";
import { useState } from "react";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { announce } from "../ui/announcer.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { CheckField, SelectField } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Loading } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { RadioGroup } from "../ui/radio-group.tsx";
import { toast } from "../ui/toasts.tsx";

/** The newest ones; to go back further, an older one is deployed. */
const RELEASES_MAX = 100;

/** Whether there is anything to take back; the server says of the rest why not. */
const mayRollBack = ({ tally, rollback }: Deployment): boolean =>
  tally.succeeded + tally.open > 0 &&
  rollback.of === null &&
  (rollback.by.length === 0 || rollback.problems.length > 0);

/** Takes back what a deployment brought, after the server said whom that concerns and who could not go. */
export function RollBack({ deployment }: { readonly deployment: Deployment }) {
  const [isOpen, setOpen] = useState(false);
  const refusal = useRefusal("deployments:write");
  if (!mayRollBack(deployment)) return null;
  return (
    <>
      <Button disabledReason={refusal} onClick={() => setOpen(true)}>
        Roll back…
      </Button>
      {isOpen && <RollBackDialog deployment={deployment} onClose={() => setOpen(false)} />}
    </>
  );
}

function RollBackDialog({
  deployment,
  onClose,
}: {
  readonly deployment: Deployment;
  readonly onClose: () => void;
}) {
  const { id, name, version } = deployment;
  const params = { deploymentId: id };
  const [where, setWhere] = useState<"before" | "release">("before");
  const [releaseId, setReleaseId] = useState<ReleaseId>();
  const [leaves, setLeaves] = useState(false);
  const isUnnamed = where === "release" && releaseId === undefined;
  const asked = {
    ...(where === "release" && releaseId !== undefined ? { to: releaseId } : {}),
    unable: leaves ? ("leave" as const) : ("refuse" as const),
  };
  const preview = useOperation(
    "previewRollBack",
    { params, query: asked },
    { enabled: !isUnnamed },
  );
  const change = useAction("rollBackDeployment", {
    refreshes: ["showDeployment", "showDeploymentProgress", "listDeployments", "listEvents"],
    onDone: () => {
      const said = `Rolled back ${plainText(name)}`;
      toast(said);
      announce(said);
      onClose();
    },
  });
  const data = isUnnamed ? undefined : preview.data;
  const mayLeave = data?.groups.some(({ count, unable }) => unable < count) === true;
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`Roll back from ${plainText(version)}?`}
      action={data?.isPossible === true ? data.button : "Roll back"}
      isBusy={change.isPending}
      problem={change.error}
      disabledReason={offBecause(isUnnamed, data)}
      onConfirm={() => change.mutate({ params, body: asked })}
    >
      <RadioGroup
        legend="Where devices go"
        value={where}
        onChange={setWhere}
        choices={[
          { value: "before", label: "Each to what it ran before" },
          {
            value: "release",
            label: "All to a release",
            content: (
              <ReleaseField deployment={deployment} releaseId={releaseId} onChange={setReleaseId} />
            ),
          },
        ]}
      />
      {data !== undefined && (
        <p>
          <Foreign text={data.sentence} />
        </p>
      )}
      {data !== undefined && data.problems.length > 0 && mayLeave && (
        <CheckField
          label="Leave those that could not go back"
          isChecked={leaves}
          onChange={setLeaves}
        />
      )}
      {data === undefined && !isUnnamed && preview.error === null && (
        <Loading what="who goes back" rows={2} />
      )}
      {preview.error !== null && (
        <ProblemPanel error={preview.error} onRetry={() => void preview.refetch()} />
      )}
    </Confirm>
  );
}

function offBecause(
  isUnnamed: boolean,
  preview: { readonly isPossible: boolean; readonly sentence: string } | undefined,
): string | undefined {
  if (isUnnamed) return "choose a release first";
  if (preview === undefined) return "the server counts";
  return preview.isPossible ? undefined : preview.sentence;
}

function ReleaseField({
  deployment: { product, releaseId: brought },
  releaseId,
  onChange,
}: {
  readonly deployment: Deployment;
  readonly releaseId: ReleaseId | undefined;
  readonly onChange: (releaseId: ReleaseId | undefined) => void;
}) {
  const { data } = useOperation("listReleases", { query: { product, limit: RELEASES_MAX } });
  const others = (data?.items ?? []).filter(({ id }) => id !== brought);
  return (
    <SelectField
      label="Release"
      value={releaseId ?? ""}
      choices={[
        { value: "", label: "Choose a release" },
        ...others.map(({ id, version, channel }) => ({
          value: id as string,
          label: `${version} (${channel})`,
        })),
      ]}
      onChange={(next) => onChange(next === "" ? undefined : (next as ReleaseId))}
    />
  );
}
