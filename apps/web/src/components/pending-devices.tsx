import { deviceLabel, type Device } from "@moult/model";
import { useEffect, useRef } from "react";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { announce } from "../ui/announcer.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Fingerprint } from "../ui/digest.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { DEVICE_STATE } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

const SHOWN_MAX = 10;

export const usePendingDevices = () =>
  useOperation("listDevices", { query: { state: "pending", limit: SHOWN_MAX } });

/** Devices that ask to join, each with its fingerprint to compare. They appear by themselves. */
export function PendingDevices({ devices }: { readonly devices: readonly Device[] }) {
  const heard = useRef(0);
  useEffect(() => {
    const [newest] = devices;
    if (devices.length > heard.current && newest !== undefined)
      announce(`${plainText(deviceLabel(newest))} asks to join`);
    heard.current = devices.length;
  }, [devices]);
  if (devices.length === 0) return null;
  return (
    <ul aria-label="Devices that ask to join" className="flex flex-col gap-3">
      {devices.map((device) => (
        <PendingDevice key={device.id} device={device} />
      ))}
      {devices.length === SHOWN_MAX && (
        <li>
          <TextLink to="/devices" search={{ state: "pending" }}>
            {counted(SHOWN_MAX, "device")} are shown; all that ask to join
          </TextLink>
        </li>
      )}
    </ul>
  );
}

function PendingDevice({ device }: { readonly device: Device }) {
  const mayAdmit = useMay("devices:write");
  const accept = useAction("acceptDevice", {
    refreshes: ["listDevices", "showDevice", "showOverview", "countDevices"],
  });
  const label = deviceLabel(device);
  return (
    <li className="slide-in flex flex-col gap-2 rounded-lg border border-warn bg-page p-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="flex min-w-0 flex-wrap items-center gap-2 font-medium">
          <TextLink to="/devices/$deviceId" params={{ deviceId: device.id }} isQuiet>
            <Foreign text={label} />
          </TextLink>
          <Badge status={DEVICE_STATE.pending} />
        </span>
        <span className="text-sm text-soft">
          <Foreign text={`${device.product}, ${device.hardwareType}`} />,{" "}
          <When at={device.enrolledAt} />
        </span>
      </div>
      <p>Is this yours? Its terminal shows the same key:</p>
      {device.pendingKeyFingerprint !== null && (
        <div>
          <Fingerprint value={device.pendingKeyFingerprint} />
        </div>
      )}
      {accept.error !== null && <ProblemPanel error={accept.error} />}
      <div>
        <Button
          kind="primary"
          isBusy={accept.isPending}
          disabledReason={mayAdmit ? undefined : "your role may not accept devices"}
          onClick={() => accept.mutate({ params: { deviceId: device.id } })}
        >
          Accept {plainText(label, 40)}
        </Button>
      </div>
    </li>
  );
}
