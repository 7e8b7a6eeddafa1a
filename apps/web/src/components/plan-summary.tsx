import {
  errorStopWords,
  flowWords,
  onTripWords,
  secondsWords,
  sizeWords,
  windowLine,
  type Plan,
} from "@moult/model";
import type { ReactNode } from "react";
import { exactCount } from "../format/number.ts";
import { duration } from "../format/time.ts";

/** A plan in lines that a person would say. */
export function PlanSummary({ plan }: { readonly plan: Plan }) {
  const { stages, limits, retry, timeouts, windows } = plan;
  return (
    <dl className="flex flex-col gap-1 text-sm">
      <Line name="Stages">{stages.map(({ size }) => sizeWords(size)).join(" → ")}</Line>
      <Line name="Stops itself">{stopText(plan)}</Line>
      <Line name="Then">{onTripWords(plan.onTrip)}</Line>
      {windows?.map((window) => (
        <Line key={windowLine(window)} name="Window">
          {windowLine(window)}
        </Line>
      ))}
      <Line name="At once">
        {[`at most ${exactCount(limits.concurrentMax)}`, ...flowWords(limits)].join(", ")}
      </Line>
      <Line name="Tries">{triesText(retry)}</Line>
      <Line name="Gives up on a device">
        after {duration(timeouts.silenceSeconds * 1_000)} without a report
      </Line>
    </dl>
  );
}

/** `2, 10 min apart and twice as long each time`. */
export function triesText({
  attemptsMax,
  backoffSeconds,
  retryOn,
  neverOn,
}: Plan["retry"]): string {
  return [
    exactCount(attemptsMax),
    ...(backoffSeconds === 0
      ? []
      : [`${secondsWords(backoffSeconds)} apart and twice as long each time`]),
    ...(retryOn === undefined ? [] : [`only after ${retryOn.join(", ")}`]),
    ...(neverOn === undefined ? [] : [`none after ${neverOn.join(", ")}`]),
  ].join(", ");
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
    stages.map(({ errorStop }) => (errorStop === undefined ? "never" : errorStopWords(errorStop))),
  );
  const [only] = texts;
  return texts.size === 1 && only !== undefined ? only : "by the stage";
}
