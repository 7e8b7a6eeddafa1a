/** The starts of the agent that last spoke with one device's key: the present one and the one before it. */
export interface KnownInstances {
  readonly instanceId: string | null;
  readonly previousInstanceId: string | null;
}

/**
 * What a check-in of `instanceId` means. Each start of the agent makes a new one, so an earlier one that speaks again after
 * another took over cannot be the same machine: the key was copied.
 */
export type InstanceDecision = "same" | "took-over" | "conflict";

export function decideInstance(known: KnownInstances, instanceId: string): InstanceDecision {
  if (instanceId === known.instanceId) return "same";
  return instanceId === known.previousInstanceId ? "conflict" : "took-over";
}
