import type { DeviceRow } from "@moult/model";
import type { DevicesSearch } from "../server/page-search.ts";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { ASSIGNMENT_STATE, deviceStatus } from "../ui/status.ts";
import type { Column } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { TRUST_LEVEL } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";
import { DeviceLink } from "./device-link.tsx";

type Sort = NonNullable<DevicesSearch["sort"]>;

/** The columns that every list of devices has. */
export function deviceColumns(
  sort: Sort | undefined,
  onSort: ((sort: Sort) => void) | undefined,
): Column<DeviceRow>[] {
  const sorted = (by: Sort, direction: "ascending" | "descending") =>
    onSort === undefined
      ? {}
      : {
          sort: {
            direction: sort === by ? direction : ("none" as const),
            onSort: () => onSort(sort === by ? "newest" : by),
          },
        };
  return [
    {
      key: "device",
      title: "Device",
      isLead: true,
      cell: (device) => <DeviceLink device={device} />,
      ...sorted("name", "ascending"),
    },
    {
      key: "state",
      title: "State",
      isLead: true,
      cell: (device) => <DeviceBadge device={device} />,
    },
    { key: "runs", title: "Runs", cell: (device) => <Runs device={device} /> },
    { key: "doing", title: "Doing", cell: (device) => <Doing device={device} /> },
    {
      key: "heard",
      title: "Heard of",
      cell: ({ lastSeenAt }) => (
        <>
          <span className="text-soft sm:hidden">heard of </span>
          <When at={lastSeenAt} />
        </>
      ),
      ...sorted("seen", "descending"),
    },
    {
      key: "product",
      title: "Product",
      hidden: "phone",
      cell: ({ product, hardwareType }) => (
        <span className="text-soft">
          {product}
          {hardwareType === (product as string) ? null : (
            <>
              {" "}
              · <Foreign text={hardwareType} />
            </>
          )}
        </span>
      ),
    },
    {
      key: "trust",
      title: "Trust",
      hidden: "phone",
      cell: ({ trustLevel: { level } }) =>
        level === "unknown" ? (
          <span className="text-soft">unknown</span>
        ) : (
          <Badge status={TRUST_LEVEL[level]} isPlain />
        ),
    },
  ];
}

export const attributeColumns = (names: readonly string[]): Column<DeviceRow>[] =>
  names.map((name) => ({
    key: `attribute ${name}`,
    title: <Foreign text={name} />,
    cell: ({ attributes }) =>
      attributes[name] === undefined ? (
        <span className="text-soft">unknown</span>
      ) : (
        <Foreign text={attributes[name]} cut />
      ),
  }));

function DeviceBadge({ device }: { readonly device: DeviceRow }) {
  const hasNewKey = device.state === "accepted" && device.pendingKeyFingerprint !== null;
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      <Badge status={deviceStatus(device)} isPlain />
      {hasNewKey && (
        <TextLink to="/devices/$deviceId/identity" params={{ deviceId: device.id }}>
          new key waits
        </TextLink>
      )}
    </span>
  );
}

function Runs({ device: { running, update } }: { readonly device: DeviceRow }) {
  return (
    <span className="whitespace-nowrap">
      {running === null ? (
        <span className="text-soft">
          <span className="sm:hidden">runs </span>unknown
        </span>
      ) : (
        <>
          <span className="text-soft sm:hidden">runs </span>
          <Foreign text={running.artifactName} mono cut />
        </>
      )}
      {update !== null && (
        <>
          {" "}
          <span aria-label="is getting">→</span> <Foreign text={update.version} mono cut />
        </>
      )}
    </span>
  );
}

function Doing({ device: { update } }: { readonly device: DeviceRow }) {
  if (update === null) return <span className="text-soft max-sm:hidden">-</span>;
  const { state, progressPercent } = update;
  return (
    <Badge
      status={ASSIGNMENT_STATE[state]}
      isPlain
      {...(progressPercent === null ? {} : { detail: `${progressPercent} %` })}
    />
  );
}
