import { Remarks } from "./plan-editing.tsx";
import { Part, TextAt } from "./plan-fields.tsx";

/** In which circumstances devices are offered it. */
export function PlanConditions() {
  return (
    <Part title="Circumstances">
      <TextAt
        at="conditions"
        label="Offered while"
        hint="of what devices say: context.busy = false AND context.batteryPercent >= 50; empty: always"
      />
      <Remarks at="conditions" title="the circumstances" />
    </Part>
  );
}
