import type { DeploymentId, Explanation, WaitReason } from "@moult/model";

type Explained = Explanation["reasons"][number];

/** The reasons of one deployment, or those that belong to none. */
export interface ReasonChain {
  readonly deploymentId: DeploymentId | null;
  readonly reasons: readonly Explained[];
}

const deploymentOf = (reason: WaitReason): DeploymentId | null =>
  "deploymentId" in reason ? reason.deploymentId : null;

/** In the planner's order: the first chain, and its first reason, decides. */
export function chainsOf(reasons: readonly Explained[]): ReasonChain[] {
  const chains = new Map<DeploymentId | null, Explained[]>();
  for (const explained of reasons) {
    const id = deploymentOf(explained.reason);
    chains.set(id, [...(chains.get(id) ?? []), explained]);
  }
  return [...chains].map(([deploymentId, of]) => ({ deploymentId, reasons: of }));
}

/** The whole answer for a message to a colleague. */
export function explanationText(label: string, explanation: Explanation, asOf: string): string {
  const { summary, reasons, earliest } = explanation;
  return [
    `${label}: ${summary}`,
    ...reasons
      .filter(({ sentence }) => sentence !== summary)
      .map(({ sentence, deploymentName }) =>
        deploymentName === null ? `- ${sentence}` : `- ${deploymentName}: ${sentence}`,
      ),
    ...(earliest === null ? [] : [`Time alone can change this at ${earliest}.`]),
    `As of ${asOf}.`,
  ].join("\n");
}
