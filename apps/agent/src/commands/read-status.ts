import type { Log } from "@moult/base";
import { systemClock } from "../clock/lift-clock.ts";
import type { AgentFolders } from "../config.ts";
import { createControlClient } from "../control/control-client.ts";
import { agentStatus, type AgentStatus } from "../daemon/agent-status.ts";
import { readFactoryInfo } from "../daemon/factory-info.ts";
import { readFingerprint } from "../identity/device-key.ts";
import { readProvisioning } from "../identity/read-provisioning.ts";
import { isAgentError } from "../agent-error.ts";
import { readLinkRecord } from "../server-link/link-state.ts";
import { countWaitingReports } from "../reports/report-queue.ts";
import { lockHolder } from "../storage/lock-folder.ts";
import { openStateFile } from "../update-runner/state-file.ts";

/** The device's status: the daemon's own word when one runs, else what its files say. */
export async function readStatus(folders: AgentFolders, log: Log): Promise<AgentStatus> {
  const holder = await lockHolder(folders.dataDir);
  if (holder !== undefined) return createControlClient(folders.dataDir).status();

  const link = await readLinkRecord(folders.dataDir);
  const { state } = await openStateFile(folders.dataDir, log).load();
  const { running } = state ?? (await readFactoryInfo(folders.artifactInfoFile));
  return agentStatus({
    process: null,
    serverUrl: await readServerUrl(folders.provisioningFile),
    keyFingerprint: (await readFingerprint(folders.identityDir)) ?? null,
    link: link ?? null,
    health: null,
    isFresh: false,
    nextCheckInAtMs: null,
    nowMs: systemClock.now(),
    running,
    state: state ?? null,
    reportsWaiting: await countWaitingReports(folders.dataDir, log),
  });
}

async function readServerUrl(path: string): Promise<string | null> {
  try {
    return (await readProvisioning(path)).provisioning.server.url;
  } catch (error) {
    if (isAgentError(error, "provisioning-missing")) return null;
    throw error;
  }
}
