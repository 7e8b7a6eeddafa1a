import { HOUR_MS, MINUTE_MS, type Clock } from "@moult/base";
import type { DeviceId, TenantId } from "@moult/model";

/** Takes one device of a product; false when as many others were taken as may be in an hour. */
export type TakeDevice = (
  tenantId: TenantId,
  product: string,
  deviceId: DeviceId,
) => Promise<boolean>;

export interface FleetSizes {
  /** Accepted devices of a product. */
  acceptedDevices(tenantId: TenantId, product: string): Promise<number>;
}

interface Window {
  /** When each device was taken, the oldest first. */
  readonly takenAt: Map<DeviceId, number>;
  devicesMax: number;
  countedAt: number;
}

/** Counting a fleet takes the database a while, and its size changes slowly. */
const COUNTED_FOR_MS = MINUTE_MS;
const WINDOWS_MAX = 10_000;

/**
 * In any hour at most `percent` of a product's accepted devices, one at least, get an install signed. It goes by products,
 * which signed target paths name, not by deployments: whoever takes over the server makes as many of those as he likes. A
 * device that is asked for again within its hour is free.
 */
export function createShareCap(percent: number, fleet: FleetSizes, clock: Clock): TakeDevice {
  const windows = new Map<string, Window>();
  if (percent >= 100) return async () => true;
  return async (tenantId, product, deviceId) => {
    const key = `${tenantId} ${product}`;
    const window = windows.get(key) ?? openWindow(windows, key, clock.now());
    if (Math.abs(clock.now() - window.countedAt) >= COUNTED_FOR_MS) {
      const accepted = await fleet.acceptedDevices(tenantId, product);
      window.devicesMax = Math.max(1, Math.floor((accepted * percent) / 100));
      window.countedAt = clock.now();
    }
    // Nothing waits from here on, so no two questions take the same place.
    const now = clock.now();
    forgetOld(window, now);
    if (window.takenAt.has(deviceId)) return true;
    if (window.takenAt.size >= window.devicesMax) return false;
    window.takenAt.set(deviceId, now);
    return true;
  };
}

function openWindow(windows: Map<string, Window>, key: string, now: number): Window {
  if (windows.size >= WINDOWS_MAX)
    for (const [other, window] of windows) {
      forgetOld(window, now);
      if (window.takenAt.size === 0) windows.delete(other);
    }
  const opened = { takenAt: new Map(), devicesMax: 0, countedAt: Number.NEGATIVE_INFINITY };
  windows.set(key, opened);
  return opened;
}

function forgetOld({ takenAt }: Window, now: number): void {
  for (const [deviceId, at] of takenAt) {
    if (now - at < HOUR_MS) return;
    takenAt.delete(deviceId);
  }
}
