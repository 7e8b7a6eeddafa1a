import { useState } from "react";
import { useOperation } from "../server/operation-query.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { SelectField } from "../ui/field.tsx";
import { Secret } from "../ui/secret.tsx";
import { raucSettings, swupdateSettings } from "./client-settings.ts";

const CLIENTS = [
  { value: "swupdate", label: "SWUpdate" },
  { value: "rauc", label: "rauc-hawkbit-updater" },
] as const;

/** A device's token, this once, and as its client wants to be told it. */
export function ControllerToken({
  controllerId,
  token,
}: {
  readonly controllerId: string;
  readonly token: string;
}) {
  const [client, setClient] = useState<(typeof CLIENTS)[number]["value"]>("swupdate");
  const publicUrl = useOperation("showSystem").data?.publicUrl ?? window.location.origin;
  const url = publicUrl.replace(/\/$/, "");
  const settings = client === "swupdate" ? swupdateSettings : raucSettings;
  return (
    <>
      <Secret value={token} what="token of the device" />
      <SelectField label="Its client" value={client} choices={CLIENTS} onChange={setClient} />
      <CommandLine command={settings(controllerId, url, token)} what="settings of its client" />
    </>
  );
}
