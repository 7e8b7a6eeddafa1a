import type { Reply } from "@moult/client";
import type { Release } from "@moult/model";
import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import type { DeploymentBody } from "../forms/deployment-draft.ts";
import { counted, exactCount } from "../format/number.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { CheckField } from "../ui/field.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { NotSigned } from "./not-signed.tsx";
import { DeploymentPreview, Findings, type Preview } from "./deployment-preview.tsx";

export interface NewDeploymentAnswerProps {
  readonly body: DeploymentBody | undefined;
  readonly missing: string | undefined;
  readonly preview: UseQueryResult<Preview>;
  /** Whether the preview is of what stands in the form now. */
  readonly isCurrent: boolean;
  readonly release: Release | undefined;
  readonly name: string;
  readonly onCreated: (deployment: Reply<"createDeployment">) => void;
}

/** What will happen, and the button that makes it happen: at the side, and on a phone also at the bottom of the screen. */
export function NewDeploymentAnswer(props: NewDeploymentAnswerProps) {
  const { missing, preview, release } = props;
  const version = release?.version ?? "";
  const create = useCreate(props);
  const shown = missing === undefined ? preview.data : undefined;
  return (
    <div className="min-w-0 lg:sticky lg:top-16 max-lg:pb-16">
      <Panel title="What will happen">
        <div className="flex flex-col gap-4">
          {missing !== undefined ? (
            <p className="text-soft">
              Choose release and devices: then it stands here who gets it, who does not, and why.
            </p>
          ) : (
            <Answered answer={preview} what="devices" rows={5}>
              {(data) => <DeploymentPreview preview={data} version={version} />}
            </Answered>
          )}
          {missing === undefined && <NotSigned release={release} />}
          {shown !== undefined && <Findings findings={shown.findings} title="Findings" />}
          {create.warnings > 0 && (
            <CheckField
              label={
                create.warnings === 1
                  ? "I have read the warning"
                  : `I have read the ${create.warnings} warnings`
              }
              isChecked={create.isRead}
              onChange={create.setRead}
            />
          )}
          {create.error !== null && !create.isAsking && <ProblemPanel error={create.error} />}
          <div className="max-lg:hidden">{create.button}</div>
        </div>
      </Panel>
      <div className="fixed inset-x-0 bottom-14 z-20 flex items-center justify-between gap-3 border-t border-line bg-page px-4 py-2 sm:bottom-0 lg:hidden">
        <span className="tabular min-w-0 text-sm text-soft">
          {shown === undefined
            ? "Nothing chosen yet"
            : `${exactCount(shown.gets)} of ${counted(shown.targeted, "device")}`}
        </span>
        {create.button}
      </div>
      {create.dialog}
    </div>
  );
}

function useCreate({
  body,
  missing,
  preview,
  isCurrent,
  release,
  name,
  onCreated,
}: NewDeploymentAnswerProps) {
  const version = release?.version ?? "";
  const refusal = useRefusal("deployments:write");
  const [isAsking, setAsking] = useState(false);
  const [read, setRead] = useState("");
  const { mutate, error, isPending, reset } = useAction("createDeployment", {
    refreshes: ["listDeployments", "showOverview"],
    onDone: onCreated,
  });
  const found = missing === undefined ? (preview.data?.findings ?? []) : [];
  const warnings = found.filter(({ severity }) => severity === "warning");
  const errors = found.filter(({ severity }) => severity === "error");
  // Other warnings are to be read anew.
  const warningsKey = warnings.map(({ sentence }) => sentence).join("\n");
  const isRead = warningsKey === read;
  const gets = preview.data?.gets ?? 0;
  const disabledReason =
    refusal ??
    missing ??
    (preview.isError ? "the server could not tell what would happen" : undefined) ??
    (isCurrent ? undefined : "the server counts") ??
    (errors.length > 0 ? `${counted(errors.length, "finding")} must be mended first` : undefined) ??
    (warnings.length > 0 && !isRead ? "the warnings are not read" : undefined);
  const send = (): void => {
    if (body !== undefined) mutate({ body: { ...body, ...(name === "" ? {} : { name }) } });
  };
  const confirm = preview.data?.confirm ?? null;
  const devices = counted(gets, "device");
  return {
    warnings: warnings.length,
    isRead,
    setRead: (is: boolean) => setRead(is ? warningsKey : ""),
    error,
    isAsking,
    button: (
      <Button
        kind="primary"
        isBusy={isPending}
        disabledReason={disabledReason}
        onClick={() => {
          reset();
          if (confirm === null) send();
          else setAsking(true);
        }}
      >
        {preview.data === undefined || missing !== undefined ? "Create" : `Create: ${devices}`}
      </Button>
    ),
    dialog: (
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Deploy ${version} to ${devices}?`}
        action={`Deploy to ${devices}`}
        isBusy={isPending}
        problem={error}
        disabledReason={disabledReason}
        onConfirm={send}
      >
        <p>{confirm}</p>
      </Confirm>
    ),
  };
}
