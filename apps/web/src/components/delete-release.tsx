import type { Deployment, Release } from "@moult/model";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { bytes, counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { toast } from "../ui/toasts.tsx";

/** Deletes a release; while a deployment needs it the button says which one. */
export function DeleteRelease({
  release: { id, product, version, artifacts },
  deviceCount,
  openDeployment,
}: {
  readonly release: Release;
  readonly deviceCount: number;
  /** One that has not ended, if there is one. */
  readonly openDeployment: Deployment | undefined;
}) {
  const [isAsking, setAsking] = useState(false);
  const refusal = useRefusal("releases:write");
  const navigate = useNavigate();
  const name = `${product} ${version}`;
  const remove = useAction("deleteRelease", {
    refreshes: ["listReleases"],
    onDone: () => {
      toast(`Deleted ${name}`);
      void navigate({ to: "/releases" });
    },
  });
  const size = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const disabledReason =
    refusal ??
    (openDeployment === undefined
      ? undefined
      : `the deployment ${plainText(openDeployment.name)} has not ended and needs it`);
  return (
    <>
      <Button disabledReason={disabledReason} onClick={() => setAsking(true)}>
        Delete…
      </Button>
      <Confirm
        isOpen={isAsking}
        onClose={() => {
          remove.reset();
          setAsking(false);
        }}
        title={`Delete ${name}?`}
        action={`Delete ${name}`}
        isBusy={remove.isPending}
        problem={remove.error}
        onConfirm={() => remove.mutate({ params: { releaseId: id } })}
      >
        <p>
          {counted(artifacts.length, "artifact")} with {bytes(size)}{" "}
          {artifacts.length === 1 ? "goes" : "go"} from the server for good.{" "}
          {deviceCount === 0
            ? "No device runs it."
            : `${counted(deviceCount, "device")} ${deviceCount === 1 ? "runs" : "run"} it and ${deviceCount === 1 ? "keeps" : "keep"} running it.`}{" "}
          Deployments that ended keep their history. To have it again, upload it again.
        </p>
      </Confirm>
    </>
  );
}
