import type { Reply } from "@moult/client";
import type { Assignment } from "@moult/model";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { assignmentStatus } from "../ui/status.ts";
import { Table, type Column } from "../ui/table.tsx";
import { DeviceOrders, ordersOf } from "./device-orders.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

const COLUMNS: readonly Column<Assignment>[] = [
  {
    key: "device",
    title: "Device",
    cell: ({ deviceId, deviceName }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId }} isQuiet>
        <Foreign text={deviceName} cut />
      </TextLink>
    ),
  },
  {
    key: "state",
    title: "State",
    cell: (assignment) => (
      <Badge status={assignmentStatus(assignment)} isPlain {...progressOf(assignment)} />
    ),
  },
  {
    key: "why",
    title: "Cause",
    cell: ({ code, detail, deferral }) =>
      deferral !== null ? (
        <span className="text-sm">
          <Foreign text={deferral.sentence} />
        </span>
      ) : (code ?? detail) === null ? null : (
        <span className="flex flex-col text-sm">
          {code !== null && <Foreign text={code} />}
          {detail !== null && detail !== code && (
            <span className="text-soft">
              <Foreign text={detail} />
            </span>
          )}
        </span>
      ),
  },
  {
    key: "stage",
    title: "Stage",
    isNumber: true,
    hidden: "phone",
    cell: ({ stage }) => stage + 1,
  },
  {
    key: "attempts",
    title: "Tries",
    isNumber: true,
    hidden: "phone",
    cell: ({ attempts }) => attempts.length,
  },
  {
    key: "hardware",
    title: "Hardware",
    hidden: "phone",
    cell: ({ hardwareType }) => <Foreign text={hardwareType} cut />,
  },
  { key: "since", title: "Changed", cell: ({ updatedAt }) => <When at={updatedAt} /> },
  {
    key: "log",
    title: "Log",
    cell: (assignment) => <LogLink assignment={assignment} />,
  },
  {
    key: "orders",
    title: "Actions",
    hidden: "phone",
    cell: (assignment) => (
      <DeviceOrders
        orders={ordersOf(assignment)}
        deploymentId={assignment.deploymentId}
        deviceId={assignment.deviceId}
        deviceName={assignment.deviceName}
      />
    ),
  },
];

function progressOf({ outcome, progressPercent, deferral }: Assignment): { detail?: string } {
  if (outcome !== null) return {};
  if (deferral !== null) return { detail: "waits" };
  return progressPercent === null ? {} : { detail: `${progressPercent} %` };
}

function LogLink({ assignment }: { readonly assignment: Assignment }) {
  const last = assignment.attempts.findLast(({ hasLog }) => hasLog);
  if (last === undefined) return null;
  const name = assignment.deviceName;
  return (
    <TextLink
      to="/devices/$deviceId/logs/$assignmentId/$attempt"
      params={{
        deviceId: assignment.deviceId,
        assignmentId: assignment.id,
        attempt: String(last.attempt),
      }}
    >
      Log<span className="sr-only"> of {name}</span>
    </TextLink>
  );
}

export function AssignmentTable({ assignments }: { readonly assignments: readonly Assignment[] }) {
  return (
    <Table
      caption="Devices in this deployment, last changed first"
      columns={COLUMNS}
      rows={assignments}
      keyOf={({ id }) => id}
    />
  );
}

type WaitingDevice = Reply<"listWaitingDevices">["items"][number];

const waitingColumns = (deploymentId: string): readonly Column<WaitingDevice>[] => [
  {
    key: "device",
    title: "Device",
    cell: ({ id, name }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId: id }} isQuiet>
        <Foreign text={name} cut />
      </TextLink>
    ),
  },
  { key: "why", title: "Why it waits", cell: ({ sentence }) => <Foreign text={sentence} /> },
  {
    key: "orders",
    title: "Actions",
    cell: ({ id, name, kind }) =>
      SENT_AHEAD_FROM.includes(kind) && (
        <DeviceOrders
          orders={["force"]}
          deploymentId={deploymentId}
          deviceId={id}
          deviceName={name}
        />
      ),
  },
];

/** What a person may overrule for one device. */
const SENT_AHEAD_FROM: readonly WaitingDevice["kind"][] = [
  "stage-not-reached",
  "concurrent-limit",
  "rate-limit",
  "site-limit",
  "byte-budget",
];

export function WaitingTable({
  deploymentId,
  devices,
}: {
  readonly deploymentId: string;
  readonly devices: readonly WaitingDevice[];
}) {
  return (
    <Table
      caption="Devices that were not offered it yet, and why"
      columns={waitingColumns(deploymentId)}
      rows={devices}
      keyOf={({ id }) => id}
    />
  );
}
