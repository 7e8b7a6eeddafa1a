import type { Reply } from "@moult/client";
import type { ControllerId } from "@moult/model";
import { useState } from "react";
import { ControllerTokenPanel } from "./controller-token-panel.tsx";
import { AdmissionDialog } from "../forms/admission-dialog.tsx";
import { useMay } from "../server/me.ts";
import { Button } from "../ui/button.tsx";
import { Fingerprint } from "../ui/digest.tsx";
import { Panel } from "../ui/panel.tsx";
import { When } from "../ui/when.tsx";

/** The key that it works with, the one that asks for its place, and what a person can decide about them. */
export function DeviceKeyPanel({ device }: { readonly device: Reply<"showDevice"> }) {
  const [asked, setAsked] = useState<"accept" | "reject" | null>(null);
  const off = useMay("devices:write") ? undefined : "your role does not allow this";
  const { keyFingerprint, pendingKeyFingerprint, identityConflictAt, state } = device;
  const isOpen = state !== "decommissioned";
  const { controllerId } = device.identity;
  if (controllerId !== undefined && keyFingerprint === null && pendingKeyFingerprint === null)
    return <ControllerTokenPanel controllerId={controllerId as ControllerId} isOpen={isOpen} />;
  return (
    <Panel title="Its key">
      <div className="flex flex-col gap-4">
        {keyFingerprint !== null && (
          <KeyShown title="The key that it works with" value={keyFingerprint} />
        )}
        {pendingKeyFingerprint !== null && (
          <KeyShown
            title={keyFingerprint === null ? "The key that asks to join" : "A new key that asks"}
            value={pendingKeyFingerprint}
          />
        )}
        {keyFingerprint === null && pendingKeyFingerprint === null && (
          <p className="text-soft">It has no key that is accepted.</p>
        )}
        {identityConflictAt !== null && (
          <p>
            Two machines speak with this key since <When at={identityConflictAt} />: one of them is
            a copy. Switch the copy off, then accept the device again; both have to prove anew who
            they are.
          </p>
        )}
        {isOpen && (pendingKeyFingerprint !== null || identityConflictAt !== null) && (
          <span className="flex flex-wrap gap-2">
            <Button kind="primary" disabledReason={off} onClick={() => setAsked("accept")}>
              {pendingKeyFingerprint === null ? "Accept it again" : "Accept this key"}
            </Button>
            {pendingKeyFingerprint !== null && (
              <Button disabledReason={off} onClick={() => setAsked("reject")}>
                Refuse this key
              </Button>
            )}
          </span>
        )}
      </div>
      {asked !== null && (
        <AdmissionDialog device={device} verb={asked} onClose={() => setAsked(null)} />
      )}
    </Panel>
  );
}

function KeyShown({ title, value }: { readonly title: string; readonly value: string }) {
  return (
    <div className="flex flex-col gap-1">
      <h3 className="text-sm text-soft">{title}</h3>
      <div className="overflow-x-auto">
        <Fingerprint value={value} />
      </div>
    </div>
  );
}
