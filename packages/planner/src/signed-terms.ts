import { isVersionAtLeast, type InstantMs } from "@moult/base";
import type { ClientTraits, DeploymentId, WaitReason } from "@moult/model";
import type { SignedTerms } from "./facts.ts";

/** A term that keeps a device out; `term` counts them in the order in which the device looks. */
interface RefusedTerm {
  readonly term: number;
  readonly reason: WaitReason;
  /** Set where time alone changes it. */
  readonly until?: InstantMs;
}

/**
 * The first signed term by which the device would refuse. What it has not said of itself keeps it out of nothing: it has
 * the last word.
 */
export function refusedTerm(
  deploymentId: DeploymentId,
  terms: SignedTerms | null,
  { client, securityCounter: deviceCounter }: ClientTraits,
  provides: ReadonlyMap<string, string>,
  now: InstantMs,
): RefusedTerm | undefined {
  if (terms === null) return undefined;
  const { securityCounter: releaseCounter, minAgent, notBefore } = terms;
  if (deviceCounter !== undefined && releaseCounter < deviceCounter)
    return {
      term: 0,
      reason: { kind: "security-counter-too-low", deploymentId, releaseCounter, deviceCounter },
    };
  for (const [name, forbidden] of Object.entries(terms.conflicts)) {
    const value = provides.get(name);
    if (value !== undefined && forbidden.includes(value))
      return { term: 1, reason: { kind: "conflict", deploymentId, name, value } };
  }
  const agent = agentVersionOf(client);
  if (minAgent !== null && agent !== undefined && !isVersionAtLeast(agent, minAgent))
    return { term: 2, reason: { kind: "agent-too-old", deploymentId, minAgent, agent } };
  if (notBefore !== null && now < notBefore.at)
    return {
      term: 3,
      reason: { kind: "too-early", deploymentId, until: notBefore.text },
      until: notBefore.at,
    };
  return undefined;
}

/** Other clients count their versions otherwise. */
const agentVersionOf = (client: string): string | undefined =>
  /^moult-agent\/(\S+)$/.exec(client)?.[1];
