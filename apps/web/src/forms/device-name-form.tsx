import type { Device } from "@moult/model";
import { useState, type FormEvent } from "react";
import { useMay } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { toast } from "../ui/toasts.tsx";

/** A name for people; without one a device is called by its identity. */
export function DeviceNameForm({ device }: { readonly device: Pick<Device, "id" | "name"> }) {
  const [name, setName] = useState(device.name ?? "");
  const off = useMay("devices:write") ? undefined : "your role does not allow this";
  const rename = useAction("renameDevice", {
    refreshes: ["showDevice", "listDevices"],
    onDone: () => toast("The name is changed"),
  });
  const wanted = name.trim();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (off !== undefined || rename.isPending || wanted === (device.name ?? "")) return;
    rename.mutate({
      params: { deviceId: device.id },
      body: { name: wanted === "" ? null : wanted },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2">
      {rename.error !== null && <ProblemPanel error={rename.error} />}
      <TextField
        label="Name"
        hint="For people. Without a name it is called by its identity."
        value={name}
        onChange={setName}
        maxLength={128}
        autoComplete="off"
        readOnly={off !== undefined}
      />
      <div>
        <Button
          type="submit"
          isBusy={rename.isPending}
          disabledReason={off ?? (wanted === (device.name ?? "") ? "it has this name" : undefined)}
        >
          Save the name
        </Button>
      </div>
    </form>
  );
}
