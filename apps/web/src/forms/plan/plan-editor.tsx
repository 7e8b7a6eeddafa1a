import type { Plan } from "@moult/model";
import { useState, type ReactNode } from "react";
import { Findings } from "../../components/deployment-preview.tsx";
import { PlanWords } from "../../components/plan-words.tsx";
import { Button } from "../../ui/button.tsx";
import { Foreign } from "../../ui/foreign.tsx";
import { PlanEditing, Remarks, usePlanEditing, type PlanEditingProps } from "./plan-editing.tsx";
import { Part } from "./plan-fields.tsx";
import { PlanConditions } from "./plan-conditions.tsx";
import { PlanJson } from "./plan-json.tsx";
import { PlanLimits } from "./plan-limits.tsx";
import { PlanOnTrip } from "./plan-on-trip.tsx";
import { PlanPriority } from "./plan-priority.tsx";
import { PlanRetry } from "./plan-retry.tsx";
import { PlanStages } from "./plan-stages.tsx";
import { PlanTimeouts } from "./plan-timeouts.tsx";
import { PlanMode } from "./plan-mode.tsx";
import { PlanWindows } from "./plan-windows.tsx";

/** In their order in the form. One for each thing that a plan says: a new one without a part does not compile. */
// What is forced later is a field of the mode's part.
const PARTS: Readonly<
  Record<Exclude<keyof Plan, "version" | "forceAfterSeconds">, () => ReactNode>
> = {
  stages: PlanStages,
  limits: PlanLimits,
  windows: PlanWindows,
  conditions: PlanConditions,
  mode: PlanMode,
  retry: PlanRetry,
  timeouts: PlanTimeouts,
  onTrip: PlanOnTrip,
  priority: PlanPriority,
};

/** A plan of one's own: as a form with one part for each thing that a plan says, in sentences, and as JSON. */
export function PlanEditor({
  plan,
  ...editing
}: Omit<PlanEditingProps, "children"> & { readonly plan: Plan | undefined }) {
  const [isJson, setJson] = useState(false);
  return (
    <PlanEditing {...editing}>
      <div className="flex flex-col gap-5">
        <div role="group" aria-label="How it is written" className="flex gap-1">
          <Button
            aria-pressed={!isJson}
            kind={isJson ? "quiet" : "plain"}
            onClick={() => setJson(false)}
          >
            Form
          </Button>
          <Button
            aria-pressed={isJson}
            kind={isJson ? "plain" : "quiet"}
            onClick={() => setJson(true)}
          >
            JSON
          </Button>
        </div>
        {plan !== undefined && <PlanWords plan={plan} />}
        {isJson ? (
          <>
            <PlanJson />
            <Findings findings={editing.findings} title="About the plan" />
          </>
        ) : (
          <>
            {Object.entries(PARTS).map(([name, PlanPart]) => (
              <PlanPart key={name} />
            ))}
            <Remarks at="" title="the plan" />
          </>
        )}
        {plan === undefined && <Mistakes />}
      </div>
    </PlanEditing>
  );
}

/** All of them with their paths, also those that the form has no field for. */
function Mistakes() {
  const { problems } = usePlanEditing();
  return (
    <Part title={problems.size === 1 ? "A mistake" : `${problems.size} mistakes`}>
      <ul className="flex flex-col gap-1 text-sm">
        {[...problems].map(([path, problem]) => (
          <li key={path}>
            <code>{path === "" ? "plan" : path}</code>: <Foreign text={problem} />
          </li>
        ))}
      </ul>
    </Part>
  );
}
