import type { Clock } from "@moult/base";
import type { TenantDb } from "../platform/tenant-db.ts";
import { addKeylessDevice } from "../devices/index.ts";
import { isToken, tokenDigest, type ControllerCredential } from "./controller-credential.ts";
import { controllerById, gatewayFor, insertController, type ControllerRecord } from "./queries.ts";

export type { ControllerRecord };

/**
 * The controller that a credential speaks for; undefined: for none, or not for this one. A gateway's token lets in the
 * controllers that a person named with it, the first time they ask.
 */
export async function claimController(
  db: TenantDb,
  controllerId: string,
  credential: ControllerCredential,
  clock: Clock,
): Promise<ControllerRecord | undefined> {
  const known = await controllerById(db, controllerId);
  switch (credential.kind) {
    case "certificate":
      return known?.usesCertificate === true ? known : undefined;
    case "target-token":
      return known !== undefined &&
        known.tokenSha256 !== null &&
        isToken(credential.token, known.tokenSha256)
        ? known
        : undefined;
    case "gateway-token":
      return throughGateway(db, controllerId, credential.token, known, clock);
  }
}

async function throughGateway(
  db: TenantDb,
  controllerId: string,
  token: string,
  known: ControllerRecord | undefined,
  clock: Clock,
): Promise<ControllerRecord | undefined> {
  const gateway = await gatewayFor(db, tokenDigest(token), controllerId);
  if (gateway === undefined) return undefined;
  if (known !== undefined) return known.product === gateway.product ? known : undefined;
  await db.transaction(async (inner) => {
    // Another request of it may have been first.
    if ((await controllerById(inner, controllerId)) !== undefined) return;
    const at = clock.now();
    const identity = { controllerId };
    const added = await addKeylessDevice(inner, { ...gateway, identity, name: null }, at);
    if (added.kind !== "added") return;
    await insertController(inner, {
      controllerId,
      deviceId: added.id,
      tokenSha256: null,
      usesCertificate: false,
      createdAt: at,
    });
  });
  const added = await controllerById(db, controllerId);
  return added?.product === gateway.product ? added : undefined;
}
