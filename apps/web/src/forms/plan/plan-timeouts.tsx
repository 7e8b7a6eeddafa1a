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
          hint="then it has timed out; empty: by each device's own habit"
        />
        <DurationAt
          at="timeouts.queuedSeconds"
          label="To begin"
          hint="from the offer to its first report"
        />
        <DurationAt at="timeouts.downloadSeconds" label="To download" />
        <DurationAt at="timeouts.installSeconds" label="To install" hint="and to activate it" />
        <DurationAt at="timeouts.confirmSeconds" label="To prove it" hint="before it commits" />
      </FieldRow>
      <Remarks at="timeouts" title="the patience" />
    </Part>
  );
}
