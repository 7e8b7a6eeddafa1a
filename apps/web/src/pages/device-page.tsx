import { deviceLabel } from "@moult/model";
import type { Reply } from "@moult/client";
import type { DeviceId } from "@moult/model";
import { Outlet, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { DeviceNotices } from "../components/device-notices.tsx";
import { AdmissionDialog } from "../forms/admission-dialog.tsx";
import { HoldDialog, ReleaseButton } from "../forms/hold-dialog.tsx";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { isNowhere } from "../server/problem.ts";
import { Badge } from "../ui/badge.tsx";
import { Button, ButtonLink } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { ASSIGNMENT_STATE, deviceStatus } from "../ui/status.ts";
import { Tabs } from "../ui/tabs.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { TRUST_LEVEL } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";

export type ShownDevice = Reply<"showDevice">;

/** The device that the address names. */
export const useDeviceId = (): DeviceId =>
  useParams({ from: "/frame/devices/$deviceId" }).deviceId as DeviceId;

export const useDevice = () => useOperation("showDevice", { params: { deviceId: useDeviceId() } });

export function DevicePage() {
  const answer = useDevice();
  const above = <TextLink to="/devices">Devices</TextLink>;
  if (isNowhere(answer.error))
    return (
      <>
        <PageHeader title="Device" above={above} />
        <Empty title="There is no device with this id">
          <p>A device is never deleted: the address is of another server, or cut short.</p>
        </Empty>
      </>
    );
  return (
    <>
      {answer.data === undefined && <PageHeader title="Device" above={above} />}
      <Answered answer={answer} what="device" rows={6}>
        {(device) => <DeviceBody device={device} />}
      </Answered>
    </>
  );
}

function DeviceBody({ device }: { readonly device: ShownDevice }) {
  const { id: deviceId, update, trustLevel, lastSeenAt, state } = device;
  const label = deviceLabel(device);
  const params = { deviceId };
  return (
    <>
      <PageHeader
        title={plainText(label, 120)}
        shownTitle={<Foreign text={label} />}
        above={<TextLink to="/devices">Devices</TextLink>}
        badge={
          <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
            <Badge
              status={deviceStatus(device)}
              {...(update === null ? {} : { detail: `· ${ASSIGNMENT_STATE[update.state].word}` })}
            />
            {lastSeenAt !== null && (
              <span className="text-soft">
                heard of <When at={lastSeenAt} />
              </span>
            )}
            {trustLevel.level !== "unknown" && (
              <Badge status={TRUST_LEVEL[trustLevel.level]} isPlain />
            )}
          </span>
        }
        sentence={<Sentence device={device} />}
        actions={state !== "decommissioned" && <Actions device={device} />}
      />
      <DeviceNotices device={device} />
      <Tabs
        name="Device"
        tabs={[
          { label: "Now", link: { to: "/devices/$deviceId", params } },
          { label: "Timeline", link: { to: "/devices/$deviceId/timeline", params } },
          { label: "Inventory", link: { to: "/devices/$deviceId/inventory", params } },
          { label: "Deployments", link: { to: "/devices/$deviceId/deployments", params } },
          { label: "Receipts", link: { to: "/devices/$deviceId/receipts", params } },
          { label: "Identity", link: { to: "/devices/$deviceId/identity", params } },
        ]}
      />
      <Outlet />
    </>
  );
}

/** What it runs, and why it does not run something else. */
function Sentence({ device: { id, running } }: { readonly device: ShownDevice }) {
  const { data } = useOperation("explainDevice", { params: { deviceId: id } });
  return (
    <>
      {running === null ? (
        "What it runs is not known yet. "
      ) : (
        <>
          Runs <Foreign text={running.artifactName} mono />.{" "}
        </>
      )}
      {data !== undefined && <Foreign text={data.summary} />}
    </>
  );
}

function Actions({ device }: { readonly device: ShownDevice }) {
  const [asked, setAsked] = useState<"accept" | "reject" | null>(null);
  const [holds, setHolds] = useState(false);
  const devicesOff = useMay("devices:write") ? undefined : "your role does not allow this";
  const { id, state } = device;
  return (
    <>
      {(state === "pending" || state === "rejected") && (
        <Button kind="primary" disabledReason={devicesOff} onClick={() => setAsked("accept")}>
          Accept
        </Button>
      )}
      {state === "pending" && (
        <Button disabledReason={devicesOff} onClick={() => setAsked("reject")}>
          Refuse
        </Button>
      )}
      {state === "accepted" && (
        <ButtonLink to="/deployments/new" search={{ deviceIds: id }}>
          Deploy to it
        </ButtonLink>
      )}
      {device.hold === null ? (
        <Button disabledReason={devicesOff} onClick={() => setHolds(true)}>
          Hold…
        </Button>
      ) : (
        <ReleaseButton device={device} disabledReason={devicesOff} />
      )}
      {holds && <HoldDialog device={device} onClose={() => setHolds(false)} />}
      {asked !== null && (
        <AdmissionDialog device={device} verb={asked} onClose={() => setAsked(null)} />
      )}
    </>
  );
}
