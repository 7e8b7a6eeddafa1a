import type { GroupId, HardwareType, ProductName } from "@moult/model";
import { useId, useState } from "react";
import { useOperation } from "../server/operation-query.ts";
import type { DevicesSearch } from "../server/page-search.ts";
import { exactCount } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField, type Choice } from "../ui/field.tsx";
import { DEVICE_CONTACT, DEVICE_STATE, type Status } from "../ui/status.ts";
import type { ChangeSearch } from "./device-filter-bar.tsx";

const ATTRIBUTES_MAX = 5;

interface DialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly search: DevicesSearch;
  readonly onChange: ChangeSearch;
}

/** Each choice goes into the address at once; the list behind follows. */
export function DeviceFilterDialog({ isOpen, onClose, search, onChange }: DialogProps) {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Filter devices">
      <Conditions search={search} onChange={onChange} />
      <AttributeCondition search={search} onChange={onChange} />
      <div className="flex justify-end">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}

const ANY = "";

const statusChoices = <State extends string>(
  statuses: Readonly<Record<State, Status>>,
): Choice<State | "">[] => [
  { value: ANY, label: "Any" },
  ...(Object.entries(statuses) as [State, Status][]).map(([value, { word }]) => ({
    value,
    label: word,
  })),
];

const named = (names: readonly string[], chosen: string | undefined): Choice<string>[] => [
  { value: ANY, label: "Any" },
  ...[...new Set([...names, ...(chosen === undefined ? [] : [chosen])])].map((name) => ({
    value: name,
    label: plainText(name),
  })),
];

function Conditions({ search, onChange }: Pick<DialogProps, "search" | "onChange">) {
  const { data: products } = useOperation("listProducts");
  const { data: groups } = useOperation("listGroups");
  const { data: counts } = useOperation("countDevices", {
    query: search.product === undefined ? {} : { product: search.product },
  });
  const set = <Key extends keyof DevicesSearch>(
    key: Key,
    value: DevicesSearch[Key] | "" | undefined,
  ): void => {
    const { [key]: _, ...rest } = search;
    onChange(
      (value === ANY || value === undefined ? rest : { ...rest, [key]: value }) as DevicesSearch,
    );
  };
  const runs = (counts?.byRunning ?? []).flatMap(({ artifactName }) => artifactName ?? []);
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <SelectField
        label="State"
        value={search.state ?? ANY}
        choices={statusChoices(DEVICE_STATE)}
        onChange={(value) => set("state", value)}
      />
      <SelectField
        label="Heard of"
        value={search.contact ?? ANY}
        choices={statusChoices(DEVICE_CONTACT)}
        onChange={(value) => set("contact", value)}
      />
      <SelectField
        label="In an update"
        value={search.updating ?? ANY}
        choices={[
          { value: ANY, label: "Any" },
          { value: "true", label: "Yes" },
          { value: "false", label: "No" },
        ]}
        onChange={(value) => set("updating", value)}
      />
      <SelectField
        label="Runs"
        value={search.running ?? ANY}
        choices={named(runs, search.running)}
        onChange={(value) => set("running", value)}
      />
      <SelectField
        label="Product"
        value={search.product ?? ANY}
        choices={named(
          (products?.items ?? []).map(({ name }) => name),
          search.product,
        )}
        onChange={(value) => set("product", value as ProductName | "")}
      />
      <SelectField
        label="Group"
        value={search.groupId ?? ANY}
        choices={[
          { value: ANY, label: "Any" },
          ...(groups?.items ?? []).map(({ id, name }) => ({ value: id, label: plainText(name) })),
        ]}
        onChange={(value) => set("groupId", value as GroupId | "")}
      />
      <HardwareTypeField
        value={search.hardwareType ?? ""}
        onChange={(value) => set("hardwareType", value as HardwareType | "")}
      />
    </div>
  );
}

/** Asked when it is left, so that half a name lists nothing. */
function HardwareTypeField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  return (
    <TextField
      label="Hardware type"
      autoComplete="off"
      value={text}
      onChange={setText}
      onBlur={() => text.trim() !== value && onChange(text.trim())}
    />
  );
}

function AttributeCondition({ search, onChange }: Pick<DialogProps, "search" | "onChange">) {
  const product = search.product === undefined ? {} : { product: search.product };
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const listId = useId();
  const { data: names } = useOperation("listInventoryNames", { query: product });
  const { data: values } = useOperation(
    "listInventoryValues",
    { query: { name, ...product } },
    { enabled: name !== "" },
  );
  const { attribute = [] } = search;
  const isFull = attribute.length >= ATTRIBUTES_MAX;
  const add = (): void => {
    onChange({ ...search, attribute: [...new Set([...attribute, `${name}=${value}`])] });
    setValue("");
  };
  return (
    <fieldset className="flex flex-col gap-3 rounded-lg border border-line p-3">
      <legend className="px-1 text-sm font-medium">Inventory</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label="Attribute"
          value={name}
          choices={[
            { value: "", label: "Choose" },
            ...(names?.items ?? []).map((item) => ({
              value: item.name,
              label: `${plainText(item.name)} (${exactCount(item.deviceCount)})`,
            })),
          ]}
          onChange={(next) => {
            setName(next);
            setValue("");
          }}
        />
        <TextField
          label="Is exactly"
          list={listId}
          autoComplete="off"
          value={value}
          onChange={setValue}
        />
        <datalist id={listId}>
          {(values?.items ?? []).map((item) => (
            <option key={item.value} value={item.value}>
              {exactCount(item.deviceCount)}
            </option>
          ))}
        </datalist>
      </div>
      <div>
        <Button
          disabledReason={
            isFull
              ? `at most ${ATTRIBUTES_MAX} attributes at a time`
              : name === ""
                ? "choose an attribute first"
                : undefined
          }
          onClick={add}
        >
          Add the condition
        </Button>
      </div>
    </fieldset>
  );
}
