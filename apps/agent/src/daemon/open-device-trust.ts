import { SECOND_MS, type Clock, type InstantMs, type Log, type Random } from "@moult/base";
import type { TrustSource } from "@moult/trust";
import { systemClock } from "../clock/lift-clock.ts";
import type { LoadedConfig } from "../config.ts";
import type { CheckedProvisioning } from "../identity/read-provisioning.ts";
import { systemTicker } from "../platform/ticker.ts";
import { createAdmission, type Admission } from "../trust/admission.ts";
import { openDeviceTrust, type DeviceTrust } from "../trust/device-trust.ts";
import { openSecurityCounter, type SecurityCounter } from "../trust/security-counter.ts";
import { openTrustStore } from "../trust/trust-store.ts";

export interface OpenedTrust {
  readonly trust: DeviceTrust;
  readonly counter: SecurityCounter;
  admission(source: (signal: AbortSignal) => TrustSource, random: Random): Admission;
}

/** What this device believes and what it has committed to, from its own folders alone. */
export async function openTrustOf(
  { config, folders }: LoadedConfig,
  { provisioning, root }: CheckedProvisioning,
  /** No instant before it is now: metadata must not come to life again by a clock that went back. */
  floor: () => InstantMs,
  log: Log,
): Promise<OpenedTrust> {
  const store = openTrustStore(folders.dataDir, log);
  const clock: Clock = {
    now: () => {
      const now = systemClock.now();
      const floorNow = floor();
      return now > floorNow ? now : floorNow;
    },
  };
  const trust = await openDeviceTrust({ store, provisionedRoot: root, clock, log });
  const counter = await openSecurityCounter(folders.dataDir, folders.bootStateDir, log);
  await counter.repair();
  return {
    trust,
    counter,
    admission: (source, random) =>
      createAdmission({
        store,
        provisionedRoot: root,
        trust,
        source,
        counter,
        pathPrefix: provisioning.pathPrefix,
        hardwareType: provisioning.hardwareType,
        deadlineMs: config.download.deadlineSeconds * SECOND_MS,
        clock,
        ticker: systemTicker,
        random,
        log,
      }),
  };
}
