import { SECOND_MS } from "@moult/base";
import type { AgentConfig } from "../config.ts";
import type { UpdateLimits } from "../update-runner/update-runner.ts";

/** The configuration's seconds as the update runner's limits. */
export function updateLimits({ updates }: AgentConfig): UpdateLimits {
  return {
    confirmTimeoutMs: updates.confirmTimeoutSeconds * SECOND_MS,
    moduleTimeoutMs: updates.moduleTimeoutSeconds * SECOND_MS,
    killAfterMs: updates.killAfterSeconds * SECOND_MS,
    scriptTimeoutMs: updates.scriptTimeoutSeconds * SECOND_MS,
    scriptRetryIntervalMs: updates.scriptRetryIntervalSeconds * SECOND_MS,
    scriptRetryTimeoutMs: updates.scriptRetryTimeoutSeconds * SECOND_MS,
    holdMsMax: updates.holdSecondsMax * SECOND_MS,
    rebootTimeoutMs: updates.rebootTimeoutSeconds * SECOND_MS,
    payloadBytesMax: updates.payloadBytesMax,
  };
}
