import type { Clock } from "@moult/base";
import type { DeploymentId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { touchHeldInstallations } from "./opening-queries.ts";
import { holdDeployment, setInstallationOpened } from "./queries.ts";

/**
 * Lets devices install what they have downloaded; each is told at its next check-in. Who asks again changes nothing. Throws `ApiError`
 * `not-found`, and `state-conflict` when it does not run or its plan waits for nobody.
 */
export async function openInstallation(
  db: TenantDb,
  deploymentId: DeploymentId,
  by: string,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const at = clock.now();
  await db.transaction(async (inner) => {
    const before = await holdDeployment(inner, deploymentId);
    if (before === undefined)
      throw new ApiError("not-found", "There is no deployment with this id.");
    if (before.plan.mode !== "download-only")
      throw new ApiError("state-conflict", "Its devices install without a person's word.");
    if (before.installationOpenedAt !== null) return;
    if (before.state !== "running")
      throw new ApiError(
        "state-conflict",
        `A deployment that is ${before.state} installs nothing; resume it first.`,
      );
    await setInstallationOpened(inner, deploymentId, at);
    await touchHeldInstallations(inner, deploymentId, at);
    await appendEvent(inner, { at, deploymentId, body: { kind: "installation-opened", by } });
    await raisePlanningEpoch(inner);
  });
}
