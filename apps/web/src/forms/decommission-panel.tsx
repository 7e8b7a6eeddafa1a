import { deviceLabel } from "@moult/model";
import type { Reply } from "@moult/client";
import { useState } from "react";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Loading, Panel } from "../ui/panel.tsx";
import { toast } from "../ui/toasts.tsx";

/** The end of a device, behind a question that the server answers first. */
export function DecommissionPanel({ device }: { readonly device: Reply<"showDevice"> }) {
  const [isAsked, setAsked] = useState(false);
  const off = useMay("devices:write") ? undefined : "your role does not allow this";
  return (
    <Panel title="Decommission">
      <div className="flex flex-col items-start gap-3">
        <p className="text-soft">Takes the device out for good. What it runs keeps running.</p>
        <Button disabledReason={off} onClick={() => setAsked(true)}>
          Decommission
        </Button>
      </div>
      {isAsked && <DecommissionDialog device={device} onClose={() => setAsked(false)} />}
    </Panel>
  );
}

function DecommissionDialog({
  device,
  onClose,
}: {
  readonly device: Reply<"showDevice">;
  readonly onClose: () => void;
}) {
  const label = plainText(deviceLabel(device));
  const rehearsal = useOperation("rehearseBulkChange", {
    body: {
      selection: { kind: "ids", deviceIds: [device.id] },
      action: { kind: "decommission" },
    },
  });
  const decommission = useAction("decommissionDevice", {
    refreshes: ["showDevice", "explainDevice", "listDevices", "countDevices", "showOverview"],
    onDone: () => {
      toast(`${label} is decommissioned`);
      onClose();
    },
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`Decommission ${label}?`}
      action={`Decommission ${label}`}
      isBusy={decommission.isPending}
      problem={decommission.error ?? rehearsal.error}
      disabledReason={rehearsal.isPending ? "the server has not said what would happen" : undefined}
      onConfirm={() => decommission.mutate({ params: { deviceId: device.id } })}
    >
      {rehearsal.data === undefined ? (
        rehearsal.error === null && <Loading what="what would happen" rows={2} />
      ) : (
        <p>
          <Foreign text={rehearsal.data.sentence} />
        </p>
      )}
    </Confirm>
  );
}
