import { contextWords, deviceLabel } from "@moult/model";
import { plainText } from "../format/visible-text.ts";
import { AssignmentPanel } from "../components/assignment-panel.tsx";
import { Attempts } from "../components/attempts.tsx";
import { ReasonChainPanel } from "../components/reason-chain.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";
import { useDevice, useDeviceId } from "./device-page.tsx";

const SHOWN = 5;

export function DeviceNowPage() {
  const deviceId = useDeviceId();
  const { data: device } = useDevice();
  const assignments = useOperation("listDeviceAssignments", {
    params: { deviceId },
    query: { limit: SHOWN },
  });
  if (device === undefined) return null;
  const { update } = device;
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      {update !== null && (
        <div className="lg:col-span-2">
          <AssignmentPanel
            assignmentId={update.assignmentId}
            deviceId={deviceId}
            version={plainText(update.version)}
          />
        </div>
      )}
      {device.context !== null && (
        <Panel title="Circumstances" aside={<When at={device.context.since} />}>
          <p>{contextWords(device.context) || "nothing known"}</p>
          {device.context.unknown !== undefined && (
            <p className="text-soft">
              <Foreign text={device.context.unknown} />
            </p>
          )}
        </Panel>
      )}
      <ReasonChainPanel deviceId={deviceId} label={deviceLabel(device)} />
      <Panel
        title="Last updates"
        aside={
          <TextLink to="/devices/$deviceId/deployments" params={{ deviceId }}>
            All
          </TextLink>
        }
      >
        <Answered answer={assignments} what="updates" rows={3}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="text-soft">It was never offered an update.</p>
            ) : (
              <Attempts assignments={items} deviceId={deviceId} />
            )
          }
        </Answered>
      </Panel>
    </div>
  );
}
