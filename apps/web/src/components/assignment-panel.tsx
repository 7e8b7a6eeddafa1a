import type { Assignment, AssignmentId, DeviceId } from "@moult/model";
import type { AssignmentStep } from "./assignment-steps.ts";
import { clockTime } from "../format/time.ts";
import { useOperation } from "../server/operation-query.ts";
import { classNames } from "../ui/class-names.ts";
import { Answered, Panel } from "../ui/panel.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Progress } from "../ui/progress.tsx";
import { Shape } from "../ui/shape.tsx";
import { TONE_TEXT } from "../ui/tone.ts";
import { When } from "../ui/when.tsx";
import { assignmentSteps } from "./assignment-steps.ts";
import { DeploymentLink } from "./deployment-link.tsx";

/** The update that the device is in, step by step. */
export function AssignmentPanel({
  assignmentId,
  deviceId,
  version,
}: {
  readonly assignmentId: AssignmentId;
  readonly deviceId: DeviceId;
  readonly version: string;
}) {
  const answer = useOperation("showAssignment", { params: { assignmentId } });
  return (
    <Panel title={`Its update to ${version}`}>
      <Answered answer={answer} what="update">
        {(assignment) => <Steps assignment={assignment} deviceId={deviceId} />}
      </Answered>
    </Panel>
  );
}

function Steps({
  assignment,
  deviceId,
}: {
  readonly assignment: Assignment;
  readonly deviceId: DeviceId;
}) {
  const { data } = useOperation("listDeviceTimeline", { params: { deviceId }, query: {} });
  const steps = assignmentSteps(assignment, data?.items ?? []);
  const { attempts, progressPercent, updatedAt, deploymentId, deploymentName, stage } = assignment;
  const attempt = attempts.at(-1)?.attempt ?? 1;
  return (
    <div className="flex flex-col gap-4">
      <ol className="flex flex-col gap-3 lg:flex-row lg:flex-wrap lg:gap-x-2">
        {steps.map((step, index) => (
          <Step
            key={step.key}
            step={step}
            progressPercent={step.place === "current" ? progressPercent : null}
            isLast={index === steps.length - 1}
          />
        ))}
      </ol>
      {assignment.deferral !== null && (
        <p className="flex items-start gap-2">
          <span className="mt-0.5 text-soft">
            <Shape name="clock" />
          </span>
          <span>
            <Foreign text={assignment.deferral.sentence} /> Since{" "}
            <When at={assignment.deferral.since} />; it goes on by itself when its reasons end.
          </span>
        </p>
      )}
      <p className="text-soft">
        From <DeploymentLink deploymentId={deploymentId} name={deploymentName} />, stage {stage + 1}
        {attempt > 1 ? `, try ${attempt}` : ""}. Last report <When at={updatedAt} />.
      </p>
    </div>
  );
}

function Step({
  step: { status, place, at },
  progressPercent,
  isLast,
}: {
  readonly step: AssignmentStep;
  readonly progressPercent: number | null;
  readonly isLast: boolean;
}) {
  const { word, sentence } = status;
  const shape = place === "done" ? "check-circle" : place === "next" ? "circle" : status.shape;
  const tone = place === "done" ? "good" : place === "next" ? "wait" : status.tone;
  return (
    <li
      className="flex min-w-0 items-start gap-2"
      {...(place === "current" ? { "aria-current": "step" } : {})}
    >
      <span className={classNames("mt-0.5", TONE_TEXT[tone])}>
        <Shape name={shape} />
      </span>
      <span className="min-w-24">
        <span
          title={sentence}
          className={classNames(
            "block first-letter:uppercase",
            place === "current" && "font-semibold",
            place === "next" && "text-soft",
          )}
        >
          {word}
          <span className="sr-only">
            {place === "done" ? ", done" : place === "next" ? ", not yet" : ", now"}
          </span>
        </span>
        {at !== null && (
          <time dateTime={at} className="tabular block text-sm text-soft">
            {clockTime(Date.parse(at))}
          </time>
        )}
        {progressPercent !== null && (
          <span className="mt-1 block w-32">
            <Progress
              name={word}
              percent={progressPercent}
              text={`${word}, ${progressPercent} %`}
            />
            <span className="tabular text-sm text-soft">{progressPercent} %</span>
          </span>
        )}
      </span>
      {!isLast && (
        <span aria-hidden="true" className="mt-2.5 hidden h-px w-6 bg-control lg:block" />
      )}
    </li>
  );
}
