import type { DeploymentId } from "@moult/model";
import { useOperation } from "../server/operation-query.ts";
import { Foreign } from "../ui/foreign.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** A deployment by its name, which is asked for when it is not known yet. */
export function DeploymentLink({
  deploymentId,
  name,
}: {
  readonly deploymentId: DeploymentId;
  readonly name?: string;
}) {
  const { data } = useOperation(
    "showDeployment",
    { params: { deploymentId } },
    { enabled: name === undefined },
  );
  return (
    <TextLink to="/deployments/$deploymentId" params={{ deploymentId }}>
      <Foreign text={name ?? data?.name ?? "its deployment"} />
    </TextLink>
  );
}
