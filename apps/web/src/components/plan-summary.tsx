import type { Plan } from "@moult/model";
import type { ReactNode } from "react";
import { exactCount } from "../format/number.ts";
import { duration } from "../format/time.ts";
import { errorStopText } from "./error-stop-text.ts";

/** A plan in lines that a person would say. */
export function PlanSummary({ plan }: { readonly plan: Plan }) {
  return (
    <dl className="flex flex-col gap-1 text-sm">
      <Line name="Stages">
        {plan.stages.map(({ percent }) => (percent === 100 ? "all" : `${percent} %`)).join(" → ")}
      </Line>
      <Line name="Stops itself">{stopText(plan)}</Line>
      <Line name="At once">at most {exactCount(plan.concurrentMax)}</Line>
      <Line name="Tries">{plan.attemptsMax}</Line>
      <Line name="Gives up on a device">
        after {duration(plan.assignmentTimeoutSeconds * 1_000)} without a report
      </Line>
    </dl>
  );
}

function Line({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex flex-wrap gap-x-2">
      <dt className="text-soft">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function stopText({ stages }: Plan): string {
  const texts = new Set(
    stages.map(({ errorStop }) => (errorStop === undefined ? "never" : errorStopText(errorStop))),
  );
  const [only] = texts;
  return texts.size === 1 && only !== undefined ? only : "by the stage";
}
