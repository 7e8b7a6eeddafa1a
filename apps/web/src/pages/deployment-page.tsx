import { Outlet, useParams, type LinkProps } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { DeploymentActions } from "../components/deployment-actions.tsx";
import { DeploymentTargetText } from "../components/deployment-target.tsx";
import { useOperation } from "../server/operation-query.ts";
import { alertListener, announce } from "../ui/announcer.ts";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Loading } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { deploymentStatus } from "../ui/status.ts";
import { Tabs } from "../ui/tabs.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";
import type { Deployment } from "@moult/model";

const above = <TextLink to="/deployments">Deployments</TextLink>;

/** The head of a deployment: what it is, how it stands, what can be done. Its tabs are below. */
export function DeploymentPage() {
  const { deploymentId } = useParams({ from: "/frame/deployments/$deploymentId" });
  const { data, error, refetch } = useOperation("showDeployment", { params: { deploymentId } });
  useStateAnnounced(data);
  if (data === undefined)
    return (
      <>
        <PageHeader title="Deployment" above={above} />
        {error === null ? (
          <Loading what="deployment" rows={6} />
        ) : (
          <ProblemPanel error={error} onRetry={() => void refetch()} />
        )}
      </>
    );
  return (
    <>
      <PageHeader
        title={data.name}
        shownTitle={<Foreign text={data.name} />}
        above={above}
        badge={<Badge status={deploymentStatus(data)} />}
        sentence={<Foreign text={data.headline} />}
        actions={<DeploymentActions deployment={data} />}
      />
      <p className="-mt-3 mb-4 text-soft">
        <TextLink to="/releases/$releaseId" params={{ releaseId: data.releaseId }}>
          <Foreign text={`${data.product} ${data.version}`} />
        </TextLink>{" "}
        to <DeploymentTargetText target={data.target} product={data.product} />, created{" "}
        <When at={data.createdAt} /> by <Foreign text={data.createdBy} />
        {data.finishedAt !== null && (
          <>
            , ended <When at={data.finishedAt} />
          </>
        )}
      </p>
      <RollbackNotes rollback={data.rollback} />
      <DeploymentTabs deploymentId={deploymentId} />
      <Outlet />
    </>
  );
}

/** What it takes back, or what takes it back, and whom nothing can. */
function RollbackNotes({ rollback: { order, of, by, problems } }: Pick<Deployment, "rollback">) {
  if (order === null && of === null && by.length === 0 && problems.length === 0) return null;
  return (
    <div className="-mt-2 mb-4 flex flex-col gap-1">
      {of !== null && (
        <p>
          Takes back what{" "}
          <TextLink to="/deployments/$deploymentId" params={{ deploymentId: of }}>
            another deployment
          </TextLink>{" "}
          brought.
        </p>
      )}
      {order !== null && (
        <p>
          <Foreign text={order.by} /> had its devices taken back to{" "}
          {order.to === null ? "what each ran before" : <Foreign text={order.to.version} mono />}.
        </p>
      )}
      {by.length > 0 && (
        <p>
          Its devices are rolled back by{" "}
          {by.map((deploymentId, index) => (
            <TextLink key={deploymentId} to="/deployments/$deploymentId" params={{ deploymentId }}>
              {`deployment ${index + 1} of ${by.length}`}
            </TextLink>
          ))}
          .
        </p>
      )}
      {problems.map((problem) => (
        <p key={problem} role="alert" className="font-medium text-bad">
          <Foreign text={problem} />
        </p>
      ))}
    </div>
  );
}

function DeploymentTabs({ deploymentId }: { readonly deploymentId: string }) {
  const params = { deploymentId };
  return (
    <Tabs
      name="Deployment"
      tabs={[
        { label: "Now", link: { to: "/deployments/$deploymentId", params } as LinkProps },
        {
          label: "Devices",
          link: { to: "/deployments/$deploymentId/devices", params } as LinkProps,
        },
        {
          label: "History",
          link: { to: "/deployments/$deploymentId/history", params } as LinkProps,
        },
        { label: "Plan", link: { to: "/deployments/$deploymentId/plan", params } as LinkProps },
      ]}
    />
  );
}

/** Says once what changed for the whole: another stage, another state. Nothing is said of single devices. */
function useStateAnnounced(deployment: Deployment | undefined): void {
  const before = useRef<{ readonly id: string; readonly state: string; readonly stage: number }>(
    undefined,
  );
  useEffect(() => {
    if (deployment === undefined) return;
    const { id, state, stage, headline } = deployment;
    const was = before.current;
    before.current = { id, state, stage };
    if (was === undefined || was.id !== id) return;
    if (was.state !== state && state === "tripped") alertListener(headline);
    else if (was.state !== state || was.stage !== stage) announce(headline);
  }, [deployment]);
}
