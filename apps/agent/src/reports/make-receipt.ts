import { utf8, type Clock } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, runningDigest, type Receipt } from "@moult/device-protocol";
import type { DeviceId, TenantId } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import type { DeviceKey } from "../identity/device-key.ts";
import type { QueuedReport } from "../update-runner/update-runner.ts";

export interface ReceiptDeps {
  readonly key: Pick<DeviceKey, "signEnvelope">;
  /** Who this device is to the server that gave an assignment. */
  readonly identityFor: (
    assignmentId: string,
  ) => { readonly tenantId: TenantId; readonly deviceId: DeviceId } | undefined;
  readonly rootVersion: () => number;
  readonly securityCounter: () => number;
  readonly clock: Clock;
}

/** Makes the receipt of an attempt that is over; undefined for any other report, and for a server that forgot the device. */
export function createReceipts(deps: ReceiptDeps): (report: QueuedReport) => string | undefined {
  return ({ update, artifact, report, running }) => {
    if (report.kind !== "finished") return undefined;
    const identity = deps.identityFor(update.assignmentId);
    if (identity === undefined) return undefined;
    const { assignmentId, deploymentId, attempt, artifactName, path, sizeBytes, sha256 } = update;
    const vouched = artifact?.vouched ?? null;
    const receipt: Receipt = {
      type: "receipt",
      ...identity,
      assignmentId,
      deploymentId,
      attempt,
      outcome: report.outcome,
      ...(report.code === undefined ? {} : { code: report.code }),
      artifactName,
      path,
      sizeBytes,
      sha256,
      generation: update.instruction.generation,
      instructionSha256: update.instruction.sha256,
      rootVersion: vouched?.rootVersion ?? deps.rootVersion(),
      role: vouched?.role ?? null,
      roleVersion: vouched?.roleVersion ?? null,
      securityCounter: deps.securityCounter(),
      running: { artifactName: running.artifactName, digest: runningDigest(running, nodeCrypto) },
      finishedAtMs: deps.clock.now(),
    };
    return deps.key.signEnvelope(RECEIPT_PAYLOAD_TYPE, utf8(JSON.stringify(receipt)));
  };
}
