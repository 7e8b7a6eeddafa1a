import { flowWords, rampWords, type Deployment } from "@moult/model";
import { exactCount } from "../format/number.ts";
import { ShareBar } from "../ui/share-bar.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** How much of what the plan allows at a time is taken now; the limits that have no present use are named. */
export function LimitsInUse({
  deployment: { id: deploymentId, tally, plan, state, stage },
}: {
  readonly deployment: Deployment;
}) {
  if (state === "finished" || state === "aborted") return null;
  const { concurrentMax } = plan.limits;
  const ramp = plan.stages[stage]?.ramp;
  const others = [
    ...flowWords(plan.limits),
    ...(ramp === undefined ? [] : [`this stage: ${rampWords(ramp)}`]),
  ];
  return (
    <section
      aria-label="Limits in use"
      className="flex flex-wrap items-center gap-x-4 gap-y-1 rounded-lg border border-line px-3 py-2"
    >
      <h2 className="text-sm text-soft">In use</h2>
      <div className="flex min-w-60 items-center gap-2">
        <div className="w-24">
          <ShareBar
            name="In the update at once"
            total={Math.max(concurrentMax, tally.open)}
            shares={[
              {
                word: "in the update",
                count: tally.open,
                tone: tally.open >= concurrentMax ? "warn" : "move",
              },
            ]}
          />
        </div>
        <TextLink to="/deployments/$deploymentId/devices" params={{ deploymentId }}>
          <span className="tabular">
            {exactCount(tally.open)} of {exactCount(concurrentMax)} at once
          </span>
        </TextLink>
        {tally.open >= concurrentMax && <span className="text-sm text-warn">full</span>}
      </div>
      {others.map((words) => (
        <span key={words} className="text-sm text-soft">
          {words}
        </span>
      ))}
    </section>
  );
}
