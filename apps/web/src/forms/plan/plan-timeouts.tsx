import { Remarks } from "./plan-editing.tsx";
import { DurationAt, FieldRow, Part } from "./plan-fields.tsx";

/** When a device is given up. */
export function PlanTimeouts() {
  return (
    <Part title="Patience with a device">
      <FieldRow>
        <DurationAt
          at="timeouts.silenceSeconds"
          label="Without any report"
          hint="then it has timed out"
          whenEmpty="24"
        />
      </FieldRow>
      <Remarks at="timeouts" title="the patience" />
    </Part>
  );
}
