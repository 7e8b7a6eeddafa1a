import type { DeviceRow } from "@moult/model";
import { useState } from "react";
import { AdmissionDialog } from "../forms/admission-dialog.tsx";
import { useMay } from "../server/me.ts";
import { Button } from "../ui/button.tsx";
import { Fingerprint } from "../ui/digest.tsx";
import { Foreign } from "../ui/foreign.tsx";
import type { Column } from "../ui/table.tsx";
import { When } from "../ui/when.tsx";
import { DeviceLink } from "./device-link.tsx";

/** Of devices that ask to join: who they say they are, and the key that proves it. */
export const pendingColumns = (onDecided: () => void): Column<DeviceRow>[] => [
  {
    key: "device",
    title: "Device",
    isLead: true,
    cell: (device) => <DeviceLink device={device} />,
  },
  {
    key: "fingerprint",
    title: "Fingerprint of its key",
    cell: ({ pendingKeyFingerprint }) =>
      pendingKeyFingerprint === null ? (
        <span className="text-soft">unknown</span>
      ) : (
        <Fingerprint value={pendingKeyFingerprint} />
      ),
  },
  {
    key: "identity",
    title: "Identity",
    hidden: "phone",
    cell: ({ identity }) => (
      <span className="text-soft">
        {Object.entries(identity).map(([name, value]) => (
          <span key={name} className="block">
            <Foreign text={name} />: <Foreign text={value} />
          </span>
        ))}
      </span>
    ),
  },
  {
    key: "product",
    title: "Product",
    cell: ({ product, hardwareType }) => (
      <span className="text-soft">
        {product} · <Foreign text={hardwareType} />
      </span>
    ),
  },
  {
    key: "asked",
    title: "Asked",
    cell: ({ enrolledAt }) => (
      <>
        <span className="text-soft sm:hidden">asked </span>
        <When at={enrolledAt} />
      </>
    ),
  },
  {
    key: "decide",
    name: "Decide",
    title: "",
    cell: (device) => <Decide device={device} onDecided={onDecided} />,
  },
];

function Decide({
  device,
  onDecided,
}: {
  readonly device: DeviceRow;
  readonly onDecided: () => void;
}) {
  const [asked, setAsked] = useState<"accept" | "reject" | null>(null);
  const off = useMay("devices:write") ? undefined : "your role does not allow this";
  return (
    <span className="flex justify-end gap-2">
      <Button disabledReason={off} onClick={() => setAsked("accept")}>
        Accept
      </Button>
      <Button kind="quiet" disabledReason={off} onClick={() => setAsked("reject")}>
        Refuse
      </Button>
      {asked !== null && (
        <AdmissionDialog
          device={device}
          verb={asked}
          onClose={() => setAsked(null)}
          onDone={onDecided}
        />
      )}
    </span>
  );
}
