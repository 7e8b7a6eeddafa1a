import { join } from "node:path";
import type { Log } from "@moult/base";
import { systemClock } from "../clock/lift-clock.ts";
import type { AgentFolders } from "../config.ts";
import { createControlClient } from "../control/control-client.ts";
import { agentStatus, type AgentStatus } from "../daemon/agent-status.ts";
import { readFactoryInfo } from "../daemon/factory-info.ts";
import { readFingerprint } from "../identity/device-key.ts";
import { placeOf, readMovedServer } from "../identity/moved-server.ts";
import { provisioningIfAny, type CheckedProvisioning } from "../identity/read-provisioning.ts";
import { trustReport, type TrustReport } from "../daemon/trust-report.ts";
import { openDeviceTrust } from "../trust/device-trust.ts";
import { openSecurityCounter } from "../trust/security-counter.ts";
import { openTrustStore, overlaid } from "../trust/trust-store.ts";
import { readLinkRecord } from "../server-link/link-state.ts";
import { countWaitingReports } from "../reports/report-queue.ts";
import { lockHolder } from "../storage/lock-folder.ts";
import { openStateStore } from "../update-runner/open-state-store.ts";

/** The device's status: the daemon's own word when one runs, else what its files say. */
export async function readStatus(folders: AgentFolders, log: Log): Promise<AgentStatus> {
  const holder = await lockHolder(folders.dataDir);
  if (holder !== undefined) return createControlClient(folders.dataDir).status();

  const provisioned = await provisioningIfAny(folders.provisioningFile);
  const place =
    provisioned === undefined
      ? undefined
      : placeOf(provisioned.provisioning, await readMovedServer(folders.identityDir, log));
  const link = await readLinkRecord(join(folders.dataDir, place?.linkFile ?? "link.json"));
  const { state } = await openStateStore(folders.dataDir, log).load();
  const { running } = state ?? (await readFactoryInfo(folders.artifactInfoFile));
  return agentStatus({
    process: null,
    serverUrl: place?.provisioning.server.url ?? null,
    keyFingerprint: (await readFingerprint(folders.identityDir)) ?? null,
    link: link ?? null,
    health: null,
    isFresh: false,
    nextCheckInAtMs: null,
    nowMs: systemClock.now(),
    trust: provisioned === undefined ? null : await storedTrust(folders, provisioned, log),
    running,
    state: state ?? null,
    reportsWaiting: await countWaitingReports(folders.dataDir, log),
  });
}

/** By what is stored: nobody looked at the server's metadata since. Nothing is written. */
async function storedTrust(
  { dataDir, bootStateDir }: AgentFolders,
  { root }: CheckedProvisioning,
  log: Log,
): Promise<TrustReport> {
  const store = overlaid(openTrustStore(dataDir, log));
  const trust = await openDeviceTrust({ store, provisionedRoot: root, clock: systemClock, log });
  const counter = await openSecurityCounter(dataDir, bootStateDir, log);
  return trustReport({ trust, counter });
}
