import { DeploymentMode } from "@moult/model";
import { SelectField } from "../../ui/field.tsx";
import { Remarks, usePlanField } from "./plan-editing.tsx";
import { DurationAt, FieldRow, Part } from "./plan-fields.tsx";

const MODES: readonly { readonly value: DeploymentMode; readonly label: string }[] = [
  { value: "optional", label: "may put it off" },
  { value: "consent", label: "ask a person first" },
  { value: "force", label: "wait only to keep from harm" },
  { value: "download-only", label: "download it, and install on a person's word" },
];

/** What devices may have against it. */
export function PlanMode() {
  const { value, set } = usePlanField("mode");
  const mode = DeploymentMode.safeParse(value).data ?? "optional";
  return (
    <Part title="On the device">
      <FieldRow>
        <SelectField
          label="Devices"
          value={mode}
          choices={MODES}
          onChange={(next) => set(next === "optional" ? undefined : next)}
        />
        <DurationAt
          at="forceAfterSeconds"
          label="Forced after"
          hint="counted from a device's first offer; empty: never"
        />
      </FieldRow>
      <Remarks at="mode" title="the mode" />
    </Part>
  );
}
