import { Remarks } from "./plan-editing.tsx";
import { FieldRow, NumberAt, Part } from "./plan-fields.tsx";

/** How much may go on at the same time. */
export function PlanLimits() {
  return (
    <Part title="Limits">
      <FieldRow>
        <NumberAt
          at="limits.concurrentMax"
          label="At once, at most"
          hint="devices in the update at the same time"
          whenEmpty="50"
        />
        <NumberAt
          at="limits.perMinute"
          label="Started in any minute, at most"
          hint="devices; empty: as many as may be in the update"
        />
      </FieldRow>
      <Remarks at="limits" title="the limits" />
    </Part>
  );
}
