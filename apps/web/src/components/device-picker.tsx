import { deviceLabel, type DeviceId, type ProductName } from "@moult/model";
import { useState } from "react";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered } from "../ui/panel.tsx";
import { useSettled } from "../ui/use-settled.ts";

const FOUND_MAX = 8;
const NAMED_MAX = 24;
/** More make an address that some proxies refuse; a group holds any number. */
const CHOSEN_MAX = 200;

/** Chooses devices one by one, by searching for them. */
export function DevicePicker({
  product,
  deviceIds,
  onChange,
}: {
  readonly product: ProductName | undefined;
  readonly deviceIds: readonly DeviceId[];
  readonly onChange: (deviceIds: readonly DeviceId[]) => void;
}) {
  const [search, setSearch] = useState("");
  return (
    <div className="flex flex-col gap-3">
      {deviceIds.length > 0 && (
        <ul aria-label="Chosen devices" className="flex flex-wrap gap-1.5">
          {deviceIds.slice(0, NAMED_MAX).map((id) => (
            <ChosenDevice
              key={id}
              deviceId={id}
              onRemove={() => onChange(deviceIds.filter((other) => other !== id))}
            />
          ))}
          {deviceIds.length > NAMED_MAX && (
            <li className="px-1 py-1 text-soft">
              and {counted(deviceIds.length - NAMED_MAX, "more device", "more devices")}
            </li>
          )}
        </ul>
      )}
      <TextField
        label="Find a device"
        hint="Its name or a part of its identity"
        type="search"
        autoComplete="off"
        value={search}
        onChange={setSearch}
      />
      {deviceIds.length >= CHOSEN_MAX ? (
        <p className="text-soft">
          {CHOSEN_MAX} are chosen. For more of them, put the devices into a group.
        </p>
      ) : (
        <FoundDevices
          product={product}
          search={search}
          chosen={deviceIds}
          onAdd={(id) => onChange([...deviceIds, id])}
        />
      )}
    </div>
  );
}

function ChosenDevice({
  deviceId,
  onRemove,
}: {
  readonly deviceId: DeviceId;
  readonly onRemove: () => void;
}) {
  const { data, isError } = useOperation("showDevice", { params: { deviceId } });
  const name = data === undefined ? deviceId.slice(0, 8) : deviceLabel(data);
  return (
    <li className="flex max-w-full items-center rounded-md border border-line bg-raised pl-2">
      <Foreign text={name} cut />
      {isError && <span className="ml-1 text-bad">not found</span>}
      <Button kind="quiet" aria-label={`Remove ${plainText(name)}`} onClick={onRemove}>
        ×
      </Button>
    </li>
  );
}

function FoundDevices({
  product,
  search,
  chosen,
  onAdd,
}: {
  readonly product: ProductName | undefined;
  readonly search: string;
  readonly chosen: readonly DeviceId[];
  readonly onAdd: (deviceId: DeviceId) => void;
}) {
  const settled = useSettled(search.trim());
  const answer = useOperation(
    "listDevices",
    {
      query: {
        state: "accepted",
        sort: "name",
        limit: FOUND_MAX,
        ...(product === undefined ? {} : { product }),
        ...(settled === "" ? {} : { search: settled }),
      },
    },
    { keepsOld: true },
  );
  return (
    <Answered answer={answer} what="devices" rows={3}>
      {({ items, nextCursor }) => {
        const free = items.filter(({ id }) => !chosen.includes(id));
        if (free.length === 0) return <p className="text-soft">No other device has that name.</p>;
        return (
          <ul aria-label="Found devices" className="flex flex-col">
            {free.map((device) => (
              <li
                key={device.id}
                className="flex min-w-0 items-center justify-between gap-2 border-t border-line py-1"
              >
                <span className="min-w-0">
                  <Foreign text={deviceLabel(device)} cut />{" "}
                  <span className="text-sm text-soft">
                    <Foreign text={device.hardwareType} />
                  </span>
                </span>
                <Button onClick={() => onAdd(device.id)}>
                  Add<span className="sr-only"> {plainText(deviceLabel(device))}</span>
                </Button>
              </li>
            ))}
            {nextCursor !== null && (
              <li className="border-t border-line py-1 text-soft">
                There are more: type more of the name.
              </li>
            )}
          </ul>
        );
      }}
    </Answered>
  );
}
