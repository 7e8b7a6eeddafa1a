import type { Inventory } from "@moult/model";
import { useState } from "react";
import { DeviceSettings } from "../components/device-settings.tsx";
import { inventoryGroups } from "../components/inventory-groups.ts";
import { counted, exactCount } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Empty, Panel } from "../ui/panel.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { useDevice } from "./device-page.tsx";

/** Longer values are cut; the whole is one press away. */
const SHOWN = 200;

export function DeviceInventoryPage() {
  const { data: device } = useDevice();
  if (device === undefined) return null;
  return (
    <div className="flex flex-col gap-4">
      <DeviceSettings device={device} />
      <Attributes inventory={device.inventory} />
    </div>
  );
}

function Attributes({ inventory }: { readonly inventory: Inventory }) {
  const [part, setPart] = useState("");
  const total = Object.keys(inventory).length;
  if (total === 0)
    return (
      <Empty title="It has reported no inventory yet">
        <p>A device reports what its inventory scripts print, at most some hundred attributes.</p>
      </Empty>
    );
  const groups = inventoryGroups(inventory, part);
  const shown = groups.reduce((sum, { attributes }) => sum + attributes.length, 0);
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <SearchBox
          label="Find in the inventory"
          placeholder="Name or value"
          value={part}
          onChange={setPart}
        />
        <span className="tabular text-soft" role="status">
          {shown === total
            ? counted(total, "attribute")
            : `${exactCount(shown)} of ${counted(total, "attribute")}`}
        </span>
      </div>
      {shown === 0 && <Empty title="No attribute matches" />}
      {groups.map(({ prefix, attributes }) => (
        <Panel key={prefix} title={prefix === "" ? "General" : plainText(prefix)}>
          <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[minmax(10rem,20rem)_1fr]">
            {attributes.map(([name, value]) => (
              <Attribute key={name} name={name} value={value} />
            ))}
          </dl>
        </Panel>
      ))}
    </div>
  );
}

function Attribute({ name, value }: { readonly name: string; readonly value: string }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = value.length > SHOWN;
  return (
    <>
      <dt className="min-w-0 text-soft">
        <Foreign text={name} />
      </dt>
      <dd className="min-w-0">
        <Foreign text={isWhole || !isLong ? value : `${value.slice(0, SHOWN)}…`} lines />{" "}
        {isLong ? (
          <Button kind="quiet" onClick={() => setWhole(!isWhole)}>
            {isWhole ? "Show less" : `Show all ${exactCount(value.length)} characters`}
          </Button>
        ) : (
          !name.includes("=") && (
            <TextLink to="/devices" search={{ attribute: [`${name}=${value}`] }} isQuiet>
              <span className="text-sm text-soft underline">devices alike</span>
              <span className="sr-only"> in {plainText(name)}</span>
            </TextLink>
          )
        )}
      </dd>
    </>
  );
}
