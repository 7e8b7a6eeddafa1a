import { HoldPoint, Weekday } from "@moult/model";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField } from "../../ui/field.tsx";
import { isObject } from "./plan-draft.ts";
import { Remarks, usePlanField } from "./plan-editing.tsx";
import { DurationAt, FieldRow, Part, TextAt } from "./plan-fields.tsx";

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A night by the clocks of where this browser is: not every device says where it is. */
const usualWindow = () => ({
  for: ["download"],
  at: "02:00",
  durationMinutes: 240,
  zone: ownZone(),
});

/** When devices may begin a step; without a window whenever they can. */
export function PlanWindows() {
  const { value, set } = usePlanField("windows");
  const windows = Array.isArray(value) ? (value as readonly unknown[]) : [];
  return (
    <Part title="Windows">
      {windows.length === 0 ? (
        <p className="text-sm text-soft">None: devices begin at any time.</p>
      ) : (
        <ol className="flex flex-col gap-3">
          {windows.map((_, index) => (
            <li
              key={index}
              aria-label={`Window ${index + 1}`}
              className="flex flex-col gap-3 rounded-md border border-line bg-page p-3"
            >
              <div className="flex min-h-8 items-center justify-between gap-2">
                <span className="font-semibold">Window {index + 1}</span>
                <Button
                  kind="quiet"
                  onClick={() => {
                    const others = windows.filter((__, other) => other !== index);
                    set(others.length === 0 ? undefined : others);
                  }}
                >
                  Remove<span className="sr-only"> window {index + 1}</span>
                </Button>
              </div>
              <WindowFields at={`windows.${index}`} />
              <Remarks at={`windows.${index}`} title={`window ${index + 1}`} />
            </li>
          ))}
        </ol>
      )}
      <Remarks at="windows" title="the windows" />
      <div>
        <Button onClick={() => set([...windows, usualWindow()])}>Add a window</Button>
      </div>
    </Part>
  );
}

function WindowFields({ at }: { readonly at: string }) {
  return (
    <>
      <FieldRow>
        <TextAt at={`${at}.at`} label="Opens at" hint="such as 02:30" />
        <DurationAt at={`${at}.durationMinutes`} label="Is open for" each={60} />
        <ZoneField at={`${at}.zone`} />
      </FieldRow>
      <Choices
        at={`${at}.days`}
        legend="Days"
        options={Weekday.options}
        words={DAY_WORDS}
        isAllByDefault
      />
      <Choices at={`${at}.for`} legend="For" options={HoldPoint.options} words={STEP_WORDS} />
    </>
  );
}

const DAY_WORDS: Readonly<Record<Weekday, string>> = {
  mon: "Mon",
  tue: "Tue",
  wed: "Wed",
  thu: "Thu",
  fri: "Fri",
  sat: "Sat",
  sun: "Sun",
};

const STEP_WORDS: Readonly<Record<HoldPoint, string>> = {
  download: "downloading",
  install: "installing",
  reboot: "rebooting",
};

/** Some of a few. Where all are meant unless told, all of them are not written. */
function Choices<Option extends string>({
  at,
  legend,
  options,
  words,
  isAllByDefault = false,
}: {
  readonly at: string;
  readonly legend: string;
  readonly options: readonly Option[];
  readonly words: Readonly<Record<Option, string>>;
  readonly isAllByDefault?: boolean;
}) {
  const { value, problem, set } = usePlanField(at);
  const fallback = isAllByDefault ? options : [];
  const chosen = Array.isArray(value) ? (value as readonly unknown[]) : fallback;
  const change = (option: Option, isOn: boolean): void => {
    const next = options.filter((each) => (each === option ? isOn : chosen.includes(each)));
    set(isAllByDefault && next.length === options.length ? undefined : next);
  };
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">{legend}</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {options.map((option) => (
          <CheckField
            key={option}
            label={words[option]}
            isChecked={chosen.includes(option)}
            onChange={(isOn) => change(option, isOn)}
          />
        ))}
      </div>
      {problem !== undefined && (
        <p role="alert" className="text-sm font-medium text-bad">
          Choose at least one.
        </p>
      )}
    </fieldset>
  );
}

const ZONES = [
  { value: "device", label: "the device's own" },
  { value: "named", label: "a zone by name" },
  { value: "attribute", label: "what an attribute says" },
] as const;
type ZoneKind = (typeof ZONES)[number]["value"];

const ZONE_STARTS: Readonly<Record<ZoneKind, () => unknown>> = {
  device: () => "device",
  named: ownZone,
  attribute: () => ({ attribute: "" }),
};

function ZoneField({ at }: { readonly at: string }) {
  const { value, set } = usePlanField(at);
  const kind = isObject(value) ? "attribute" : value === "device" ? "device" : "named";
  return (
    <>
      <SelectField
        label="By the clocks of"
        value={kind}
        choices={ZONES}
        onChange={(next) => set(ZONE_STARTS[next]())}
      />
      {kind === "named" && <TextAt at={at} label="Zone" hint="such as Europe/Berlin" />}
      {kind === "attribute" && (
        <TextAt
          at={`${at}.attribute`}
          label="Attribute"
          hint="of the inventory, with a zone's name"
        />
      )}
    </>
  );
}
