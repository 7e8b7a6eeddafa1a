import { createContext, useContext, type ReactNode } from "react";
import { Findings, type Finding } from "../../components/deployment-preview.tsx";
import { valueAt, withValueAt, type PlanDraft, type PlanProblems } from "./plan-draft.ts";

export interface PlanEditingProps {
  readonly draft: PlanDraft;
  readonly problems: PlanProblems;
  /** What the checker of the server says; its fields begin with `plan`. */
  readonly findings: readonly Finding[];
  readonly onChange: (draft: PlanDraft) => void;
}

const Editing = createContext<PlanEditingProps | undefined>(undefined);

/** A plan and what is wrong with it, for the fields in it. */
export function PlanEditing({
  children,
  ...editing
}: PlanEditingProps & { readonly children: ReactNode }) {
  return <Editing.Provider value={editing}>{children}</Editing.Provider>;
}

export function usePlanEditing(): PlanEditingProps {
  const editing = useContext(Editing);
  if (editing === undefined) throw new Error("a field of a plan stands in a plan's form");
  return editing;
}

export interface PlanField {
  readonly value: unknown;
  readonly problem: string | undefined;
  /** `undefined` takes the field away. */
  readonly set: (value: unknown) => void;
}

/** A part of the plan by its path: "stages.0.size.percent". */
export function usePlanField(path: string): PlanField {
  const { draft, problems, onChange } = usePlanEditing();
  return {
    value: valueAt(draft, path),
    problem: problems.get(path),
    set: (value) => onChange(withValueAt(draft, path, value)),
  };
}

/** Parts of the form that say what the checker has against them; the first that fits has it. */
const PLACES: readonly RegExp[] = [
  /^plan\.stages\.\d+\.(?:size|approvals|advance|errorStop)(?=\.|$)/,
  /^plan\.stages\.\d+(?=\.|$)/,
  /^plan\.windows\.\d+(?=\.|$)/,
  /^plan\.(?:stages|limits|windows|conditions|mode|retry|timeouts|onTrip)(?=\.|$)/,
  /^/,
];

/** Where in the form a finding stands; "" for one that concerns the whole. */
function placeOf({ field }: Pick<Finding, "field">): string {
  const place = PLACES.map((pattern) => pattern.exec(field)?.[0]).find(
    (part) => part !== undefined,
  );
  return (place ?? "").replace(/^plan\.?/, "");
}

/** What is wrong with a part as a whole, and what the checker has to say about it. */
export function Remarks({ at, title }: { readonly at: string; readonly title: string }) {
  const { problems, findings } = usePlanEditing();
  const problem = problems.get(at);
  return (
    <>
      {problem !== undefined && (
        <p role="alert" className="text-sm font-medium text-bad">
          {problem}
        </p>
      )}
      <Findings
        findings={findings.filter((finding) => placeOf(finding) === at)}
        title={`About ${title}`}
      />
    </>
  );
}
