import type { ImportedDevice } from "@moult/api";
import type { InstantMs } from "@moult/base";
import type { ControllerId, GroupId, HardwareType, Inventory, ProductName } from "@moult/model";
import { addKeylessDevice, recordInventory } from "../devices/index.ts";
import { joinGroups } from "../groups/index.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { isToken, tokenDigest } from "./controller-credential.ts";
import { controllerById, insertController, setControllerToken } from "./queries.ts";

/** A controller as another server knew it. */
export interface ForeignController {
  readonly controllerId: ControllerId;
  readonly hardwareType: HardwareType;
  readonly name?: string | undefined;
  readonly token?: string | undefined;
  readonly attributes?: Inventory | undefined;
  readonly groupIds: readonly GroupId[];
}

/**
 * Adds the controller, in the caller's transaction, which holds the product. One that is here already keeps its token, and
 * gets the other server's only where it has none: a token that a person renewed here is the one that counts.
 */
export async function importController(
  db: TenantDb,
  product: ProductName,
  { controllerId, hardwareType, name, token, attributes, groupIds }: ForeignController,
  at: InstantMs,
): Promise<ImportedDevice> {
  const known = await controllerById(db, controllerId);
  if (known !== undefined) {
    if (known.product !== product) return refused("A device of another product has its name.");
    if (known.state !== "accepted") return refused(`The device of its name is ${known.state}.`);
    if (token !== undefined && !known.usesCertificate) {
      if (known.tokenSha256 === null)
        await setControllerToken(db, controllerId, tokenDigest(token));
      else if (!isToken(token, known.tokenSha256)) return refused("It is here with another token.");
    }
    if (await joinGroups(db, known.deviceId, groupIds, at)) await raisePlanningEpoch(db);
    return { outcome: "known", deviceId: known.deviceId, reason: null };
  }
  const identity = { controllerId };
  const added = await addKeylessDevice(
    db,
    { product, hardwareType, identity, name: name ?? null },
    at,
  );
  if (added.kind !== "added") return refused("A device of its name speaks another protocol here.");
  await insertController(db, {
    controllerId,
    deviceId: added.id,
    tokenSha256: token === undefined ? null : tokenDigest(token),
    usesCertificate: false,
    createdAt: at,
  });
  if (attributes !== undefined) await recordInventory(db, added.id, attributes, at);
  if (await joinGroups(db, added.id, groupIds, at)) await raisePlanningEpoch(db);
  return { outcome: "added", deviceId: added.id, reason: null };
}

const refused = (reason: string): ImportedDevice => ({
  outcome: "refused",
  deviceId: null,
  reason,
});
