import { SECOND_MS } from "@moult/base";
import type { HoldPolicy } from "@moult/updater";
import type { AgentConfig, AgentFolders } from "../config.ts";
import type { SystemHealth } from "../system-slots/check-system-health.ts";
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
    contextIntervalMs: updates.conditions.intervalSeconds * SECOND_MS,
    contextTimeoutMs: updates.conditions.timeoutSeconds * SECOND_MS,
    rebootTimeoutMs: updates.rebootTimeoutSeconds * SECOND_MS,
    payloadBytesMax: updates.payloadBytesMax,
  };
}

/** How a new system is judged. */
export const systemHealth = (
  { health }: AgentConfig,
  { healthDir }: AgentFolders,
  { killAfterMs }: UpdateLimits,
): SystemHealth => ({
  healthDir,
  units: health.units,
  timeoutMs: health.timeoutSeconds * SECOND_MS,
  intervalMs: health.intervalSeconds * SECOND_MS,
  deadlineMs: health.deadlineSeconds * SECOND_MS,
  killAfterMs,
});

/** What holds the device before which step of an update. */
export function holdPolicy({ updates }: AgentConfig): HoldPolicy {
  const {
    intervalSeconds: _interval,
    timeoutSeconds: _timeout,
    ...conditions
  } = updates.conditions;
  return { ...conditions, consent: updates.consent === "none" ? null : updates.consent };
}
