import { DeviceGroupsPanel } from "../components/device-groups-panel.tsx";
import { DeviceTrustPanel } from "../components/device-trust-panel.tsx";
import { DeviceKeyPanel } from "../components/device-key-panel.tsx";
import { DecommissionPanel } from "../forms/decommission-panel.tsx";
import { DeviceNameForm } from "../forms/device-name-form.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Facts } from "../ui/facts.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { When } from "../ui/when.tsx";
import { useDevice, type ShownDevice } from "./device-page.tsx";

export function DeviceIdentityPage() {
  const { data: device } = useDevice();
  if (device === undefined) return null;
  const isGone = device.state === "decommissioned";
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-4">
        <DeviceKeyPanel device={device} />
        <DeviceTrustPanel device={device} />
        <Panel title="Its client">
          <Client device={device} />
        </Panel>
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <Panel title="Who it is">
          <div className="flex flex-col gap-4">
            <WhoItIs device={device} />
            {!isGone && <DeviceNameForm key={device.name} device={device} />}
          </div>
        </Panel>
        {!isGone && <DeviceGroupsPanel device={device} />}
        {!isGone && <DecommissionPanel device={device} />}
      </div>
    </div>
  );
}

function WhoItIs({ device }: { readonly device: ShownDevice }) {
  return (
    <Facts
      facts={[
        [
          "Id",
          <span key="id" className="inline-flex flex-wrap items-center gap-1">
            <code className="break-all">{device.id}</code>
            <CopyButton text={device.id} what="id" />
          </span>,
        ],
        ...Object.entries(device.identity).map(
          ([name, value]) =>
            [
              <Foreign key="name" text={name} />,
              <Foreign key="value" text={value} mono />,
            ] as const,
        ),
        ["Product", device.product],
        ["Hardware type", <Foreign key="type" text={device.hardwareType} />],
        ["Enrolled", <When key="when" at={device.enrolledAt} />],
      ]}
    />
  );
}

function Client({ device: { traits } }: { readonly device: ShownDevice }) {
  if (traits === null) return <p className="text-soft">It has not said yet.</p>;
  const { client, payloadTypes, pathPrefix, canAbort } = traits;
  return (
    <Facts
      facts={[
        ["Program", <Foreign key="client" text={client} />],
        [
          "Installs",
          <Foreign key="types" text={payloadTypes?.join(", ") ?? "whatever it has modules for"} />,
        ],
        [
          "Takes artifacts under",
          pathPrefix === "" ? "any path" : <Foreign key="prefix" text={pathPrefix} mono />,
        ],
        ["Gives up an offer", canAbort ? "until it installs" : "never"],
      ]}
    />
  );
}
