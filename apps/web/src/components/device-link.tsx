import { deviceLabel, type Device } from "@moult/model";
import { Foreign } from "../ui/foreign.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** A device by what people call it. */
export function DeviceLink({
  device,
}: {
  readonly device: Pick<Device, "id" | "name" | "identity">;
}) {
  return (
    <TextLink isQuiet to="/devices/$deviceId" params={{ deviceId: device.id }}>
      <Foreign text={deviceLabel(device)} cut />
    </TextLink>
  );
}
