import type { DeviceId } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useAction } from "../server/use-action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";

/** Says what one setting of a device is to be; a known one keeps its name. */
export function SettingDialog({
  deviceId,
  known,
  onClose,
}: {
  readonly deviceId: DeviceId;
  readonly known: { readonly name: string; readonly value: string } | undefined;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(known?.name ?? "");
  const [value, setValue] = useState(known?.value ?? "");
  const change = useAction("changeDeviceConfiguration", {
    refreshes: ["showDeviceConfiguration"],
    onDone: onClose,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (change.isPending) return;
    const setting = known === undefined ? name.trim() : name;
    change.mutate({ params: { deviceId }, body: { set: { [setting]: value } } });
  };
  return (
    <Dialog isOpen onClose={onClose} title={known === undefined ? "Set something" : "Change it"}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Setting"
          required
          isMono
          maxLength={128}
          autoComplete="off"
          spellCheck={false}
          readOnly={known !== undefined}
          value={name}
          onChange={setName}
        />
        <TextField
          label="Value"
          hint="Whoever may see devices sees it: no place for secrets."
          isMono
          maxLength={4096}
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={setValue}
        />
        <FormEnd sending={change} onCancel={onClose}>
          Want it so
        </FormEnd>
      </form>
    </Dialog>
  );
}
