import { SelectField, type Choice } from "../../ui/field.tsx";
import { isObject } from "./plan-draft.ts";
import { Remarks, usePlanField } from "./plan-editing.tsx";
import { CheckAt, FieldRow, NumberAt } from "./plan-fields.tsx";

const USUAL_RAMP = { perMinute: 1, factor: 2, every: { succeeded: 10 }, perMinuteMax: 50 };

const COUNTED = [
  { value: "succeeded", label: "that succeeded" },
  { value: "offered", label: "that were offered it" },
] as const satisfies readonly Choice<string>[];

/** How fast devices of a stage start, and how that grows. */
export function RampFields({ index }: { readonly index: number }) {
  const at = `stages.${index}.ramp`;
  const { value } = usePlanField(at);
  return (
    <div className="flex flex-col gap-2">
      <CheckAt
        at={at}
        label="It begins slowly and goes faster"
        hint="a rate of its own, beside the plan's"
        on={USUAL_RAMP}
      />
      {value !== undefined && (
        <div className="flex flex-col gap-2 sm:pl-6">
          <FieldRow>
            <NumberAt
              at={`${at}.perMinute`}
              label="Started in any minute at first"
              hint="devices, when the stage opens"
              isNeeded
            />
            <NumberAt
              at={`${at}.perMinuteMax`}
              label="In the end"
              hint="devices in any minute"
              isNeeded
            />
            <NumberAt at={`${at}.factor`} label="Times" hint="1.1 to 10" isNeeded />
            <EveryFields at={`${at}.every`} />
          </FieldRow>
        </div>
      )}
      <Remarks at={at} title={`how fast stage ${index + 1} goes`} />
    </div>
  );
}

/** After how many devices it rises; what they have done stays when the number is changed, and the other way round. */
function EveryFields({ at }: { readonly at: string }) {
  const { value, set } = usePlanField(at);
  const counted =
    COUNTED.find(({ value: each }) => isObject(value) && each in value)?.value ?? "succeeded";
  return (
    <>
      <NumberAt at={`${at}.${counted}`} label="After each" hint="devices" isNeeded />
      <SelectField
        label="Devices"
        value={counted}
        choices={COUNTED}
        onChange={(next) => set({ [next]: isObject(value) ? value[counted] : 10 })}
      />
    </>
  );
}
