import { isObject } from "./plan-draft.ts";
import { Remarks, usePlanField } from "./plan-editing.tsx";
import { RadioGroup } from "../../ui/radio-group.tsx";
import { Part, TextAt } from "./plan-fields.tsx";

const CHOICES = [
  { value: "pause", label: "Nobody else starts", hint: "Who has it goes on." },
  {
    value: "cancel-queued",
    label: "Who has not begun gives it up",
    hint: "Who installs already goes on.",
  },
  {
    value: "cancel-all",
    label: "Who installs gives it up too",
    hint: "Where it still can.",
  },
  {
    value: "roll-back",
    label: "Updated devices go back",
    hint: "Each to what it ran before; a deployment of its own does it.",
  },
  { value: "roll-back-to", label: "Updated devices go to a named release" },
] as const;

/** What happens when it stops itself. */
export function PlanOnTrip() {
  const { value, set } = usePlanField("onTrip");
  const chosen = isObject(value) ? "roll-back-to" : (value ?? "cancel-queued");
  return (
    <Part title="When it stops itself">
      <RadioGroup
        legend="When it stops itself"
        isLegendHidden
        value={CHOICES.find((choice) => choice.value === chosen)?.value}
        onChange={(next) => set(next === "roll-back-to" ? { rollBackTo: "" } : next)}
        choices={CHOICES.map((choice) =>
          choice.value === "roll-back-to"
            ? {
                ...choice,
                content: (
                  <TextAt at="onTrip.rollBackTo" label="Release" hint="its id, from its page" />
                ),
              }
            : choice,
        )}
      />
      <Remarks at="onTrip" title="what happens then" />
    </Part>
  );
}
