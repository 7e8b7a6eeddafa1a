import type { InstantMs } from "@moult/base";
import type { ImportedDevice } from "@moult/api";
import type { DeviceId, DeviceState, Preauthorisation } from "@moult/model";
import { joinGroups } from "../groups/index.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import type { KeyState } from "./decide-enrolment.ts";
import { identityDigest } from "./device-identity.ts";
import {
  insertPreauthorisation,
  openPreauthorisation,
  setPreauthorisedGroups,
} from "./enrolment-queries.ts";
import { deviceByKey } from "./queries.ts";

export type PreauthorisationOutcome =
  | { readonly kind: "added" | "preauthorised-before" }
  | {
      readonly kind: "key-known";
      readonly deviceId: DeviceId;
      readonly keyState: KeyState;
      readonly deviceState: DeviceState;
      readonly isOfProduct: boolean;
    };

/** Preauthorises a key that nothing was decided about, in the caller's transaction, which holds the product. */
export async function addPreauthorisation(
  db: TenantDb,
  preauthorisation: Preauthorisation,
): Promise<PreauthorisationOutcome> {
  const known = await deviceByKey(db, preauthorisation.keyFingerprint);
  // A key that waits is let in by a preauthorisation when it asks again; for any other known key it could do nothing.
  if (known !== undefined && (known.keyState !== "pending" || known.deviceState === "rejected"))
    return {
      kind: "key-known",
      deviceId: known.deviceId,
      keyState: known.keyState,
      deviceState: known.deviceState,
      isOfProduct: known.product === preauthorisation.product,
    };
  const isNew = await insertPreauthorisation(db, preauthorisation);
  return { kind: isNew ? "added" : "preauthorised-before" };
}

/** The same for a device of another server: that it is here already, by this key, is as well. */
export async function importPreauthorisation(
  db: TenantDb,
  preauthorisation: Preauthorisation & { readonly identity: object },
  at: InstantMs,
): Promise<ImportedDevice> {
  const outcome = await addPreauthorisation(db, preauthorisation);
  switch (outcome.kind) {
    case "added":
      return { outcome: "added", deviceId: null, reason: null };
    case "key-known": {
      const { deviceId, keyState, deviceState, isOfProduct } = outcome;
      if (!isOfProduct) return refused("Its key belongs to a device of another product.");
      if (keyState !== "accepted" || deviceState !== "accepted")
        return refused(`Its key is ${keyState} here, and its device ${deviceId} ${deviceState}.`);
      if (await joinGroups(db, deviceId, preauthorisation.groupIds, at))
        await raisePlanningEpoch(db);
      return { outcome: "known", deviceId, reason: null };
    }
    case "preauthorised-before":
      return extendPreauthorisation(db, preauthorisation);
  }
}

async function extendPreauthorisation(
  db: TenantDb,
  { keyFingerprint, product, identity, groupIds }: Preauthorisation & { readonly identity: object },
): Promise<ImportedDevice> {
  const open = await openPreauthorisation(db, keyFingerprint);
  if (open === undefined) return refused("Its preauthorisation was used up before.");
  if (open.product !== product) return refused("Its key is preauthorised for another product.");
  if (open.identity !== null && identityDigest(open.identity) !== identityDigest(identity))
    return refused("Its key is preauthorised for another identity.");
  const all = [...new Set([...open.groupIds, ...groupIds])];
  if (all.length > open.groupIds.length) await setPreauthorisedGroups(db, open.id, all);
  return { outcome: "known", deviceId: null, reason: null };
}

const refused = (reason: string): ImportedDevice => ({
  outcome: "refused",
  deviceId: null,
  reason,
});
