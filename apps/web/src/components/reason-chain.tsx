import type { DeviceId, Explanation, WaitReason } from "@moult/model";
import type { ReactNode } from "react";
import { clockTime, utcTime } from "../format/time.ts";
import { useOperation } from "../server/operation-query.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { Shape, type ShapeName } from "../ui/shape.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";
import { DeploymentLink } from "./deployment-link.tsx";
import { chainsOf, explanationText } from "./reason-chains.ts";

/** Why the device does not update, or what it is doing: the planner's own reasons, the first one decides. */
export function ReasonChainPanel({
  deviceId,
  label,
}: {
  readonly deviceId: DeviceId;
  /** What people call the device. */
  readonly label: string;
}) {
  const answer = useOperation("explainDevice", { params: { deviceId } });
  const asOfMs = answer.dataUpdatedAt;
  const isMoving = answer.data?.reasons[0]?.reason.kind === "update-in-progress";
  return (
    <Panel
      title={isMoving ? "Why now?" : "Why not?"}
      aside={
        asOfMs === 0 ? null : (
          <span className="tabular text-sm text-soft">as of {clockTime(asOfMs)}</span>
        )
      }
    >
      <Answered answer={answer} what="reasons" rows={2}>
        {(explanation) => (
          <div className="flex flex-col gap-3">
            <ReasonChain deviceId={deviceId} explanation={explanation} />
            <footer className="flex items-start justify-between gap-3 text-sm text-soft">
              <span className="min-w-0">
                From the command line:{" "}
                <code className="break-all">moult device why {deviceId}</code>
              </span>
              <CopyButton
                what="reasons as text"
                text={explanationText(label, explanation, utcTime(asOfMs))}
              />
            </footer>
          </div>
        )}
      </Answered>
    </Panel>
  );
}

function ReasonChain({
  deviceId,
  explanation: { summary, reasons, earliest },
}: {
  readonly deviceId: DeviceId;
  readonly explanation: Explanation;
}) {
  const chains = chainsOf(reasons);
  return (
    <>
      {reasons[0]?.sentence !== summary && (
        <p className="font-medium">
          <Foreign text={summary} />
        </p>
      )}
      {chains.map((chain) => (
        <section key={chain.deploymentId ?? "none"} className="flex flex-col gap-1">
          {chain.deploymentId !== null && (
            <h3 className="text-sm font-normal text-soft">
              <DeploymentLink deploymentId={chain.deploymentId} />
            </h3>
          )}
          <ol className="flex flex-col gap-1">
            {chain.reasons.map(({ reason, sentence }) => (
              <li key={sentence} className="flex items-start gap-2">
                <span className="mt-0.5 text-soft">
                  <Shape name={SHAPES[reason.kind] ?? "circle-bar"} />
                </span>
                <span>
                  <Foreign text={sentence} /> {placeOf(reason, deviceId)}
                </span>
              </li>
            ))}
          </ol>
        </section>
      ))}
      <p className="text-soft">
        {earliest === null ? (
          whatChanges(reasons)
        ) : (
          <>
            {reasons[0]?.reason.kind === "update-in-progress"
              ? "If nothing more is heard of it, this ends by itself"
              : "Time alone can change this"}{" "}
            <When at={earliest} /> ({clockTime(Date.parse(earliest))}).
          </>
        )}
      </p>
    </>
  );
}

function whatChanges(reasons: Explanation["reasons"]): string | null {
  const [first] = reasons;
  if (first === undefined) return null;
  return first.reason.kind === "deferred-by-device"
    ? "It goes on by itself when the device's reasons end."
    : "Time alone does not change this.";
}

/** Something under way, something that comes by itself, or (all others) something that keeps it out. */
const SHAPES: Readonly<Partial<Record<WaitReason["kind"], ShapeName>>> = {
  "update-in-progress": "ring-arrow",
  "deferred-by-device": "clock",
  "already-running": "check-circle",
  "stage-not-reached": "clock",
  "concurrent-limit": "clock",
  "rate-limit": "clock",
  "site-limit": "clock",
  "byte-budget": "clock",
  "release-not-signed": "shield",
  "trust-expired": "shield",
  "too-early": "clock",
  "security-counter-too-low": "shield",
  "identity-conflict": "warning",
  "installation-undecided": "clock",
};

/** Where a person can change it. */
function placeOf(reason: WaitReason, deviceId: DeviceId): ReactNode {
  const { kind } = reason;
  if (kind === "device-not-accepted" || kind === "identity-conflict")
    return (
      <TextLink to="/devices/$deviceId/identity" params={{ deviceId }}>
        See its identity
      </TextLink>
    );
  if (kind === "no-deployment")
    return (
      <TextLink to="/deployments/new" search={{ deviceIds: deviceId }}>
        Deploy to it
      </TextLink>
    );
  if (kind === "release-not-signed" || kind === "trust-expired")
    return <TextLink to="/settings/trust">See who signs</TextLink>;
  return kind === "superseded" ? <DeploymentLink deploymentId={reason.byDeploymentId} /> : null;
}
