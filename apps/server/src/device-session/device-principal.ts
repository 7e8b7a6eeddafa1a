import type { ErrorCode } from "@moult/api";
import type { DeviceId, DeviceState, TenantId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";

/** A device that a protocol has authenticated, by whatever credential it uses. */
export interface DevicePrincipal {
  readonly tenantId: TenantId;
  readonly deviceId: DeviceId;
  /** Of the credential when it was proven; sessions of an older epoch are void. */
  readonly credentialEpoch: number;
}

/** What of a device decides whether its session still holds. */
export interface SessionStanding {
  readonly state: DeviceState;
  readonly credentialEpoch: number;
}

const REFUSALS: Readonly<
  Record<Exclude<DeviceState, "accepted">, readonly [code: ErrorCode, detail: string]>
> = {
  pending: ["device-pending", "An operator has to accept this device; ask again later."],
  rejected: ["device-rejected", "An operator rejected this device."],
  decommissioned: [
    "device-decommissioned",
    "This device was decommissioned; its key is never accepted again.",
  ],
};

/** Throws `ApiError`: `device-unknown`, the code of a state that is not accepted, or `session-expired`. */
export function demandStanding<Standing extends SessionStanding>(
  standing: Standing | undefined,
  principal: DevicePrincipal,
): asserts standing is Standing {
  if (standing === undefined) throw deviceUnknown();
  demandAccepted(standing.state);
  if (standing.credentialEpoch !== principal.credentialEpoch)
    throw new ApiError("session-expired", "This session was ended; prove the key again.");
}

export function demandAccepted(state: DeviceState): void {
  if (state === "accepted") return;
  const [code, detail] = REFUSALS[state];
  throw new ApiError(code, detail);
}

export const deviceUnknown = (): ApiError =>
  new ApiError("device-unknown", "No device of this tenant has this key; enrol first.");
