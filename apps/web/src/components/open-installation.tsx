import type { Deployment } from "@moult/model";
import { useState } from "react";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { announce } from "../ui/announcer.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { toast } from "../ui/toasts.tsx";

/** Lets devices install what they keep; there while a deployment whose plan has them wait runs and nobody has. */
export function OpenInstallation({ deployment }: { readonly deployment: Deployment }) {
  const { id, name, plan, state, version, installationOpenedAt, tally } = deployment;
  const [isAsked, setAsked] = useState(false);
  const refusal = useRefusal("deployments:write");
  const open = useAction("openInstallation", {
    refreshes: ["showDeployment", "showDeploymentProgress", "listDeployments", "listEvents"],
    onDone: () => {
      const said = `Opened the installation of ${plainText(name)}`;
      toast(said);
      announce(said);
      setAsked(false);
    },
  });
  if (plan.mode !== "download-only" || installationOpenedAt !== null || state !== "running")
    return null;
  return (
    <>
      <Button kind="primary" disabledReason={refusal} onClick={() => setAsked(true)}>
        Open the installation…
      </Button>
      <Confirm
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        title={`Open the installation of ${plainText(name)}?`}
        action="Open the installation"
        kind="primary"
        isBusy={open.isPending}
        problem={open.error}
        onConfirm={() => open.mutate({ params: { deploymentId: id } })}
      >
        <p>
          {counted(tally.open, "device")} {tally.open === 1 ? "has" : "have"} it or is downloading
          it: each installs {plainText(version)} once it has checked in. Devices that are offered it
          later install it at once. This cannot be taken back.
        </p>
      </Confirm>
    </>
  );
}
