import type { ControllerId } from "@moult/model";
import { useState } from "react";
import { useMay } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Panel } from "../ui/panel.tsx";
import { ControllerToken } from "./controller-token.tsx";

/** What a device of hawkBit's protocol comes with instead of a key, and another token for it. */
export function ControllerTokenPanel({
  controllerId,
  isOpen,
}: {
  readonly controllerId: ControllerId;
  readonly isOpen: boolean;
}) {
  const [isAsking, setAsking] = useState(false);
  const off = useMay("enrolment:write") ? undefined : "your role may not enrol devices";
  return (
    <Panel title="Its token">
      <div className="flex flex-col items-start gap-3">
        <p className="max-w-prose text-soft">
          It has no key: it comes with a token of its own, the token of a gateway, or a certificate.
        </p>
        {isOpen && (
          <Button aria-haspopup="dialog" disabledReason={off} onClick={() => setAsking(true)}>
            Make another token…
          </Button>
        )}
      </div>
      {isAsking && <RenewToken controllerId={controllerId} onClose={() => setAsking(false)} />}
    </Panel>
  );
}

function RenewToken({
  controllerId,
  onClose,
}: {
  readonly controllerId: ControllerId;
  readonly onClose: () => void;
}) {
  const renew = useAction("renewControllerToken");
  if (renew.data !== undefined)
    return (
      <Dialog isOpen onClose={onClose} title="Its token">
        <ControllerToken controllerId={controllerId} token={renew.data.token} />
        <div className="flex justify-end">
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </Dialog>
    );
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title="Make another token for it?"
      action="Make another token"
      isBusy={renew.isPending}
      problem={renew.error}
      onConfirm={() => renew.mutate({ params: { controllerId } })}
    >
      <p>The one before ends at once: with it the device gets nothing more.</p>
    </Confirm>
  );
}
