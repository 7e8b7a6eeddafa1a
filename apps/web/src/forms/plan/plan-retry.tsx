import { Remarks } from "./plan-editing.tsx";
import { DurationAt, FieldRow, NumberAt, Part, WordsAt } from "./plan-fields.tsx";

/** What follows a try that failed. */
export function PlanRetry() {
  return (
    <Part title="Tries of a device">
      <FieldRow>
        <NumberAt at="retry.attemptsMax" label="Tries" hint="the first among them" whenEmpty="1" />
        <DurationAt
          at="retry.backoffSeconds"
          label="Between them"
          hint="twice as long each time, up to a day"
          whenEmpty="0"
        />
        <WordsAt
          at="retry.retryOn"
          label="Only after these failures"
          hint="codes, separated by commas; none: after any"
        />
        <WordsAt
          at="retry.neverOn"
          label="Never after these failures"
          hint="codes, separated by commas"
        />
      </FieldRow>
      <Remarks at="retry" title="further tries" />
    </Part>
  );
}
