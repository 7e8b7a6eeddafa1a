import type { Reply } from "@moult/client";
import { advanceWords, errorStopWords, type Deployment } from "@moult/model";
import { counted, exactCount } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { classNames } from "../ui/class-names.ts";
import { Foreign } from "../ui/foreign.tsx";
import { ShareBar } from "../ui/share-bar.tsx";
import { DEPLOYMENT_STATE, STAGE_STATE } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";
import { StageReach } from "./stage-reach.tsx";

type StageProgress = Reply<"showDeploymentProgress">["stages"][number];

/** The stages side by side, equally wide: one per cent must be readable. Below each other on a phone. */
export function StageTrack({
  deployment: { id: deploymentId, plan, state, nextStage },
  stages,
}: {
  readonly deployment: Pick<Deployment, "id" | "plan" | "state" | "nextStage">;
  readonly stages: readonly StageProgress[];
}) {
  return (
    <ol aria-label="Stages" className="flex gap-2 overflow-x-auto max-sm:flex-col">
      {stages.map((stage, index) => (
        <StageCard
          key={index}
          deploymentId={deploymentId}
          index={index}
          isLast={index === stages.length - 1}
          isPaused={state === "paused"}
          stage={stage}
          planned={plan.stages[index]}
          nextStage={stage.state === "running" ? nextStage : null}
        />
      ))}
    </ol>
  );
}

function StageCard({
  deploymentId,
  index,
  isLast,
  isPaused,
  stage,
  planned,
  nextStage,
}: {
  readonly deploymentId: string;
  readonly index: number;
  readonly isLast: boolean;
  /** Its deployment is: then nothing runs in it either. */
  readonly isPaused: boolean;
  readonly stage: StageProgress;
  readonly planned: Deployment["plan"]["stages"][number] | undefined;
  /** What the next one waits for, of the stage that is open. */
  readonly nextStage: string | null;
}) {
  const { size, deviceCount, admitted, open, succeeded, failed, state } = stage;
  // A stage that opens before the one before it is full takes over what that one left.
  const expected = Math.max(deviceCount, admitted);
  const isHeld = isPaused && state === "running";
  return (
    <li
      aria-label={`Stage ${index + 1}`}
      className={classNames(
        "flex min-w-36 flex-1 flex-col gap-1.5 rounded-lg border p-3",
        state === "running" ? "border-move bg-page" : "border-line bg-page",
        state === "stopped" && "!border-bad",
        isHeld && "!border-warn",
      )}
    >
      <div className="flex flex-wrap items-center justify-between gap-x-2">
        <span className="font-medium">
          {planned?.name !== undefined && (
            <>
              <Foreign text={planned.name} />,{" "}
            </>
          )}
          <StageReach size={size} />
        </span>
        <Badge status={isHeld ? DEPLOYMENT_STATE.paused : STAGE_STATE[state]} isPlain />
      </div>
      <ShareBar
        name={`Stage ${index + 1}`}
        total={state === "passed" ? admitted : expected}
        shares={[
          { word: "succeeded", count: succeeded, tone: "good" },
          { word: "under way", count: open, tone: "move" },
          { word: "failed", count: failed, tone: "bad" },
        ]}
      />
      <p className="tabular text-sm">
        {admitted === 0 ? (
          <span className="text-soft">{counted(deviceCount, "device")}</span>
        ) : (
          <>
            <TextLink
              to="/deployments/$deploymentId/devices"
              params={{ deploymentId }}
              search={{ stage: String(index) }}
            >
              {state === "passed"
                ? counted(admitted, "device")
                : `${exactCount(admitted)} of ${counted(expected, "device")}`}
            </TextLink>{" "}
            offered
          </>
        )}
      </p>
      {admitted > 0 && <p className="tabular text-sm text-soft">{standing(stage)}</p>}
      {planned !== undefined && (state === "next" || state === "running") && (
        <p className="text-sm text-soft">
          {nextStage !== null && `${nextStage} `}
          {nextStage === null && !isLast && `Next stage ${advanceWords(planned.advance)}. `}
          {planned.errorStop === undefined
            ? "Never stops itself."
            : `Stops itself ${errorStopWords(planned.errorStop)}.`}
        </p>
      )}
    </li>
  );
}

const standing = ({ open, succeeded, failed }: StageProgress): string =>
  [
    `${exactCount(succeeded)} succeeded`,
    ...(open === 0 ? [] : [`${exactCount(open)} under way`]),
    ...(failed === 0 ? [] : [`${exactCount(failed)} failed`]),
  ].join(", ");
