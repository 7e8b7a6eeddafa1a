import type { Reply } from "@moult/client";
import { plainText } from "../../format/visible-text.ts";
import { useOperation } from "../../server/operation-query.ts";
import { CheckField } from "../../ui/field.tsx";
import { Remarks, usePlanField } from "./plan-editing.tsx";
import { CheckAt, FieldRow, NumberAt, WordsAt } from "./plan-fields.tsx";

const USUAL_APPROVALS = { required: 1 };

/** How many other people have to say yes before a stage opens, and which. */
export function ApprovalFields({ index }: { readonly index: number }) {
  const at = `stages.${index}.approvals`;
  const { value } = usePlanField(at);
  return (
    <div className="flex flex-col gap-2">
      <CheckAt at={at} label="Other people approve it first" on={USUAL_APPROVALS} />
      {value !== undefined && (
        <div className="flex flex-col gap-2 sm:pl-6">
          <FieldRow>
            <NumberAt
              at={`${at}.required`}
              label="How many"
              hint="whoever makes the deployment is none of them"
              isNeeded
            />
          </FieldRow>
          <Approvers at={`${at}.from`} />
        </div>
      )}
      <Remarks at={at} title={`who approves stage ${index + 1}`} />
    </div>
  );
}

type Approver = Reply<"listApprovers">["items"][number];

/** The people there are; until that is known, the addresses as text. */
function Approvers({ at }: { readonly at: string }) {
  const { data } = useOperation("listApprovers");
  if (data === undefined)
    return (
      <WordsAt
        at={at}
        label="Only of these"
        hint="e-mail addresses, separated by commas; none: anybody who may deploy"
      />
    );
  return <ApproverChoice at={at} people={data.items} />;
}

function ApproverChoice({
  at,
  people,
}: {
  readonly at: string;
  readonly people: readonly Approver[];
}) {
  const { value, problem, set } = usePlanField(at);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  // Addresses are compared in lower case, as the server does.
  const isChosen = (email: string): boolean => chosen.some((each) => each.toLowerCase() === email);
  const strangers = chosen.filter((each) =>
    people.every(({ email }) => email !== each.toLowerCase()),
  );
  const change = (email: string, isOn: boolean): void => {
    const others = chosen.filter((each) => each.toLowerCase() !== email.toLowerCase());
    const next = isOn ? [...others, email] : others;
    set(next.length === 0 ? undefined : next);
  };
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Only of these people</legend>
      <div className="flex max-h-64 flex-col gap-1 overflow-y-auto">
        {people.map(({ name, email, role }) => (
          <CheckField
            key={email}
            label={`${plainText(name)} (${plainText(email)}, ${role})`}
            isChecked={isChosen(email)}
            onChange={(isOn) => change(email, isOn)}
          />
        ))}
        {strangers.map((email) => (
          <CheckField
            key={email}
            label={plainText(email)}
            hint="has no place here, may not deploy, or is you"
            isChecked
            onChange={() => change(email, false)}
          />
        ))}
      </div>
      <p className="text-sm text-soft">
        {people.length === 0
          ? "Nobody but you may deploy, so nobody could approve."
          : "None chosen: any of them, and whoever comes to be one."}
      </p>
      {problem !== undefined && (
        <p role="alert" className="text-sm font-medium text-bad">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
