import { Remarks } from "./plan-editing.tsx";
import { FieldRow, NumberAt, Part } from "./plan-fields.tsx";

/** Which deployment goes first where a device fits several. */
export function PlanPriority() {
  return (
    <Part title="Beside other deployments">
      <FieldRow>
        <NumberAt
          at="priority"
          label="Priority"
          hint="0 to 9: where a device fits several deployments, the higher one goes first, and of equal ones the newer"
          whenEmpty="5"
        />
      </FieldRow>
      <Remarks at="priority" title="the priority" />
    </Part>
  );
}
