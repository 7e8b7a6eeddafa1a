import { deviceLabel, type Device } from "@moult/model";
import { useState, type FormEvent } from "react";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { toast } from "../ui/toasts.tsx";

type Named = Pick<Device, "id" | "name" | "identity">;

const REFRESHES = ["listDevices", "showDevice", "explainDevice"] as const;

const HOUR_SECONDS = 3_600;
const TIMES = [
  { value: "released", label: "until somebody releases it" },
  { value: "day", label: "for a day" },
  { value: "week", label: "for a week" },
  { value: "month", label: "for 30 days" },
] as const;
type Time = (typeof TIMES)[number]["value"];

const SECONDS: Readonly<Partial<Record<Time, number>>> = {
  day: 24 * HOUR_SECONDS,
  week: 7 * 24 * HOUR_SECONDS,
  month: 30 * 24 * HOUR_SECONDS,
};

/** Why a device is held, and for how long. */
export function HoldDialog({
  device,
  onClose,
}: {
  readonly device: Named;
  readonly onClose: () => void;
}) {
  const label = plainText(deviceLabel(device));
  const [note, setNote] = useState("");
  const [time, setTime] = useState<Time>("released");
  const hold = useAction("holdDevice", {
    refreshes: REFRESHES,
    onDone: () => {
      toast(`${label} is held`);
      onClose();
    },
  });
  const off = note.trim() === "" ? "say why first" : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (off !== undefined || hold.isPending) return;
    const forSeconds = SECONDS[time];
    hold.mutate({
      params: { deviceId: device.id },
      body: { note: note.trim(), ...(forSeconds === undefined ? {} : { forSeconds }) },
    });
  };
  return (
    <Dialog isOpen onClose={onClose} title={`Hold ${label}`}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-soft">
          No deployment offers it anything then. An update that it has not begun to install is taken
          back; what it installs goes on.
        </p>
        <TextField
          label="Why"
          hint="Shown to whoever asks why the device is not updated."
          value={note}
          onChange={setNote}
          maxLength={500}
          autoComplete="off"
          required
        />
        <SelectField label="How long" value={time} choices={TIMES} onChange={setTime} />
        <FormEnd sending={hold} onCancel={onClose} disabledReason={off}>
          Hold the device
        </FormEnd>
      </form>
    </Dialog>
  );
}

export function ReleaseButton({
  device,
  disabledReason,
}: {
  readonly device: Named;
  readonly disabledReason: string | undefined;
}) {
  const label = plainText(deviceLabel(device));
  const release = useAction("releaseDevice", {
    refreshes: REFRESHES,
    onDone: () => toast(`${label} takes updates again`),
  });
  return (
    <Button
      isBusy={release.isPending}
      disabledReason={disabledReason}
      onClick={() => release.mutate({ params: { deviceId: device.id } })}
    >
      Release it
    </Button>
  );
}
