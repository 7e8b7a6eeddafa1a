import type { Reply } from "@moult/client";
import type { ReactNode } from "react";
import { count, counted, exactCount } from "../format/number.ts";
import { classNames } from "../ui/class-names.ts";
import { Badge } from "../ui/badge.tsx";
import { StageReach } from "./stage-reach.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Shape } from "../ui/shape.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { TRUST_LEVEL } from "../ui/trust-status.ts";
import { DeviceSamples } from "./device-samples.tsx";

export type Preview = Reply<"previewDeployment">;
export type Finding = Preview["findings"][number];

/** Who is hit, who is not and why, before anything happens. */
export function DeploymentPreview({
  preview,
  version,
}: {
  readonly preview: Preview;
  readonly version: string;
}) {
  const { targeted, gets, alreadyRunning, cannot, takesOverFrom, yieldsTo } = preview;
  const cannotCount = cannot.reduce((sum, reason) => sum + reason.count, 0);
  return (
    <div className="flex flex-col gap-4">
      <dl className="flex flex-col">
        <Row count={targeted}>{targeted === 1 ? "device matches" : "devices match"}</Row>
        <Row count={gets} isMain>
          {gets === 1 ? "gets" : "get"} <Foreign text={version} mono />
        </Row>
        {alreadyRunning > 0 && <Row count={alreadyRunning}>run it already</Row>}
        {cannotCount > 0 && <Row count={cannotCount}>cannot get it</Row>}
      </dl>
      {cannot.length > 0 && <Cannot reasons={cannot} />}
      <Sharing title="Taken over" word="from" others={takesOverFrom} />
      <Sharing title="Go first with another" word="by priority with" others={yieldsTo} />
      <Stages preview={preview} />
      <Trust trust={preview.trust} />
    </div>
  );
}

/** Other deployments that are for some of the devices. */
function Sharing({
  title,
  word,
  others,
}: {
  readonly title: string;
  readonly word: string;
  readonly others: Preview["yieldsTo"];
}) {
  if (others.length === 0) return null;
  return (
    <Part title={title}>
      <ul>
        {others.map(({ deploymentId, name, count: shared }) => (
          <li key={deploymentId}>
            {counted(shared, "device")} {word}{" "}
            <TextLink to="/deployments/$deploymentId" params={{ deploymentId }}>
              <Foreign text={name} />
            </TextLink>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Row({
  count: shown,
  isMain = false,
  children,
}: {
  readonly count: number;
  readonly isMain?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div
      className={classNames(
        "flex items-baseline gap-2 py-0.5",
        isMain ? "text-xl font-semibold" : "text-soft",
      )}
    >
      <dt className="order-2">{children}</dt>
      <dd className="tabular min-w-16 text-right" title={exactCount(shown)}>
        {count(shown)}
      </dd>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className="mb-1 text-sm text-soft">{title}</h3>
      {children}
    </section>
  );
}

function Cannot({ reasons }: { readonly reasons: Preview["cannot"] }) {
  return (
    <Part title="Who does not get it, and why">
      <ul className="flex flex-col gap-2">
        {reasons.map(({ kind, sentence, count: hit, samples }) => (
          <li key={`${kind} ${sentence}`} className="flex flex-col">
            <Foreign text={sentence} />
            <DeviceSamples samples={samples} count={hit} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Stages({ preview: { stages } }: { readonly preview: Preview }) {
  return (
    <Part title="Stages">
      <ol className="flex flex-wrap gap-1.5">
        {stages.map(({ size, deviceCount }, index) => (
          <li key={index} className="rounded-md border border-line bg-raised px-2 py-1">
            <span className="text-sm text-soft">
              <span className="sr-only">stage {index + 1}: </span>
              <StageReach size={size} />
            </span>{" "}
            <span className="tabular">{counted(deviceCount, "device")}</span>
          </li>
        ))}
      </ol>
    </Part>
  );
}

function Trust({ trust }: { readonly trust: Preview["trust"] }) {
  const levels = (Object.keys(TRUST_LEVEL) as (keyof typeof TRUST_LEVEL)[]).filter(
    (level) => (trust[level] ?? 0) > 0,
  );
  if (levels.length === 0) return null;
  return (
    <Part title="Trust">
      <ul className="flex flex-wrap gap-2">
        {levels.map((level) => (
          <li key={level}>
            <Badge status={TRUST_LEVEL[level]} detail={count(trust[level] ?? 0)} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** What the server has to say about the plan: errors first. */
export function Findings({
  findings,
  title,
}: {
  readonly findings: readonly Finding[];
  readonly title: string;
}) {
  if (findings.length === 0) return null;
  const sorted = [
    ...findings.filter(({ severity }) => severity === "error"),
    ...findings.filter(({ severity }) => severity === "warning"),
  ];
  return (
    <ul aria-label={title} className="flex flex-col gap-1">
      {sorted.map(({ severity, sentence }) => (
        <li
          key={sentence}
          className={classNames(
            "flex items-start gap-2 rounded-md px-2 py-1 text-sm",
            severity === "error" ? "bg-bad-tint text-bad" : "bg-warn-tint text-warn",
          )}
        >
          <span className="mt-0.5 shrink-0">
            <Shape name={severity === "error" ? "octagon-cross" : "warning"} size={14} />
          </span>
          <span>
            <span className="sr-only">{severity}: </span>
            <Foreign text={sentence} />
          </span>
        </li>
      ))}
    </ul>
  );
}
