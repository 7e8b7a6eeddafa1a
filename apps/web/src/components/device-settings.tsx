import type { Reply } from "@moult/client";
import { useState } from "react";
import { SettingDialog } from "../forms/setting-dialog.tsx";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { When } from "../ui/when.tsx";
import { isAwaited, settingRows, type SettingRow } from "./setting-rows.ts";

type Device = Reply<"showDevice">;

/** What a device is to be set to, and what it is set to; of those alone whose client may ask for it. */
export function DeviceSettings({ device }: { readonly device: Device }) {
  const { data } = useOperation("showDeviceConfiguration", { params: { deviceId: device.id } });
  if (data === undefined) return null;
  const rows = settingRows(data);
  if (rows.length === 0 && !mayAskForSettings(device)) return null;
  return <Settings device={device} configuration={data} rows={rows} />;
}

/** Only Mender's configuration add-on does, and nobody hears whether a device has it before it asks. */
const mayAskForSettings = ({ traits }: Device): boolean =>
  traits !== null && traits.trust !== "end-to-end" && traits.bareFiles !== true;

function Settings({
  device: { id: deviceId, state },
  configuration: { desired, reported },
  rows,
}: {
  readonly device: Device;
  readonly configuration: Reply<"showDeviceConfiguration">;
  readonly rows: readonly SettingRow[];
}) {
  const mayChange = useMay("devices:write");
  const [edited, setEdited] = useState<SettingRow | "new" | null>(null);
  const unset = useAction("changeDeviceConfiguration", { refreshes: ["showDeviceConfiguration"] });
  const off =
    state === "decommissioned"
      ? "it was taken out for good"
      : mayChange
        ? undefined
        : "your role does not allow this";
  const forget = (name: string): void =>
    unset.mutate({ params: { deviceId }, body: { unset: [name] } });
  return (
    <Panel
      title="Settings"
      aside={
        <Button aria-haspopup="dialog" disabledReason={off} onClick={() => setEdited("new")}>
          Set something
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        {unset.error !== null && <ProblemPanel error={unset.error} />}
        {rows.length === 0 ? (
          <p className="text-soft">
            Nothing is wanted of them, and it reports none: Mender’s configuration add-on does.
          </p>
        ) : (
          <Table
            caption="Settings"
            columns={columnsFor(setEdited, forget, off)}
            rows={rows}
            keyOf={({ name }) => name}
          />
        )}
        <p className="text-sm text-soft">
          {desired !== null && (
            <>
              Wanted by <Foreign text={desired.by} /> <When at={desired.at} />.{" "}
            </>
          )}
          {reported === null ? (
            "The device has not said yet what it is set to."
          ) : (
            <>
              Reported <When at={reported.at} />.
            </>
          )}
        </p>
      </div>
      {edited !== null && (
        <SettingDialog
          deviceId={deviceId}
          known={
            edited === "new"
              ? undefined
              : { name: edited.name, value: edited.wanted ?? edited.reported ?? "" }
          }
          onClose={() => setEdited(null)}
        />
      )}
    </Panel>
  );
}

const columnsFor = (
  onChange: (row: SettingRow) => void,
  onForget: (name: string) => void,
  off: string | undefined,
): readonly Column<SettingRow>[] => [
  { key: "name", title: "Setting", cell: ({ name }) => <Foreign text={name} mono /> },
  {
    key: "wanted",
    title: "Wanted",
    cell: ({ wanted }) => (
      <>
        <span className="sm:hidden">wanted </span>
        {wanted === undefined ? "-" : <Foreign text={wanted} mono />}
      </>
    ),
  },
  {
    key: "reported",
    title: "Reported",
    cell: (row) => (
      <>
        <span className="sm:hidden">reported </span>
        {row.reported === undefined ? "-" : <Foreign text={row.reported} mono />}
        {isAwaited(row) && <span className="text-warn"> not as wanted yet</span>}
      </>
    ),
  },
  {
    key: "actions",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (row) => (
      <>
        <Button
          kind="quiet"
          aria-haspopup="dialog"
          aria-label={`Change ${plainText(row.name, 40)}`}
          disabledReason={off}
          onClick={() => onChange(row)}
        >
          Change
        </Button>
        {row.wanted !== undefined && (
          <Button
            kind="quiet"
            aria-label={`Withdraw ${plainText(row.name, 40)}`}
            disabledReason={off}
            onClick={() => onForget(row.name)}
          >
            Withdraw
          </Button>
        )}
      </>
    ),
  },
];
