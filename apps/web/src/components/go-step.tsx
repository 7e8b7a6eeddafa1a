import { deviceLabel, type Deployment, type Device, type Release } from "@moult/model";
import { plainText } from "../format/visible-text.ts";
import { useMay } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { Progress } from "../ui/progress.tsx";
import { assignmentStatus, deploymentStatus } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";

/** One device, and a stop at the first failure. */
const PLAN = { stages: [{ size: { remaining: true as const }, errorStop: { count: 1 } }] };

/** The first deployment: to the one device, and watched here. */
export function GoStep({ device }: { readonly device: Device | undefined }) {
  const deployments = useOperation("listDeployments", { query: { limit: 1 } });
  const releases = useOperation("listReleases", {
    query: { limit: 1, ...(device === undefined ? {} : { product: device.product }) },
  });
  const deployment = deployments.data?.items[0];
  const release = releases.data?.items[0];
  if (deployment !== undefined) return <Watched deployment={deployment} />;
  if (device === undefined || release === undefined)
    return <p className="text-soft">It needs a device and a release first.</p>;
  return <DeployToOne device={device} release={release} />;
}

function DeployToOne({ device, release }: { readonly device: Device; readonly release: Release }) {
  const mayDeploy = useMay("deployments:write");
  const create = useAction("createDeployment", {
    refreshes: ["listDeployments", "showOverview", "listDevices"],
  });
  return (
    <>
      <p className="max-w-prose text-soft">
        The device downloads the release, checks it, installs it, and keeps it only when it reaches
        this server again. If anything fails it goes back to what it runs now.
      </p>
      {create.error !== null && <ProblemPanel error={create.error} />}
      <div>
        <Button
          kind="primary"
          isBusy={create.isPending}
          disabledReason={mayDeploy ? undefined : "your role may not deploy"}
          onClick={() =>
            create.mutate({
              body: {
                releaseId: release.id,
                target: { kind: "devices", deviceIds: [device.id] },
                plan: PLAN,
              },
            })
          }
        >
          Deploy {release.version} to {plainText(deviceLabel(device), 40)}
        </Button>
      </div>
    </>
  );
}

function Watched({ deployment }: { readonly deployment: Deployment }) {
  const params = { deploymentId: deployment.id };
  const assignments = useOperation("listAssignments", { params, query: { limit: 5 } });
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge status={deploymentStatus(deployment)} />
        <TextLink to="/deployments/$deploymentId" params={params}>
          <Foreign text={deployment.name} />
        </TextLink>
      </div>
      <p className="text-lg">
        <Foreign text={deployment.headline} />
      </p>
      <ul aria-label="Devices of the deployment" className="flex max-w-xl flex-col gap-3">
        {(assignments.data?.items ?? []).map((assignment) => {
          const { id, deviceId, deviceName, state, outcome, progressPercent } = assignment;
          const status = assignmentStatus(assignment);
          return (
            <li key={id} className="flex flex-col gap-1">
              <span className="flex flex-wrap items-center gap-3">
                <TextLink to="/devices/$deviceId" params={{ deviceId }} isQuiet>
                  <Foreign text={deviceName} />
                </TextLink>
                <Badge
                  status={status}
                  {...(progressPercent === null || outcome !== null
                    ? {}
                    : { detail: `${progressPercent} %` })}
                />
              </span>
              {state !== "closed" && (
                <Progress
                  name={status.word}
                  percent={progressPercent}
                  text={
                    progressPercent === null ? status.word : `${status.word}, ${progressPercent} %`
                  }
                />
              )}
            </li>
          );
        })}
      </ul>
      <Next deployment={deployment} />
    </>
  );
}

function Next({ deployment }: { readonly deployment: Deployment }) {
  if (deployment.tally.succeeded > 0)
    return (
      <p className="max-w-prose">
        That was the whole way. Next: <TextLink to="/devices/new">more devices</TextLink>, a{" "}
        <TextLink to="/deployments/new">deployment in stages</TextLink>, or an{" "}
        <TextLink to="/settings/api-keys">API key</TextLink> for your build.
      </p>
    );
  if (deployment.state === "running")
    return (
      <p className="text-soft">
        It goes on by itself, at the device’s next check-in. Closing this page stops nothing.
      </p>
    );
  return (
    <p>
      <TextLink to="/deployments/$deploymentId" params={{ deploymentId: deployment.id }}>
        Why it ended so
      </TextLink>
      , and <TextLink to="/deployments/new">a new deployment</TextLink>.
    </p>
  );
}
