import { SECOND_MS, type Clock } from "@moult/base";
import { Inventory, type DeviceId } from "@moult/model";
import { actionsOf, askForAttributes, isActionOf } from "../controllers/index.ts";
import { reportNext } from "../deployments/index.ts";
import { knownAttributes, recordInventory, recordRunning } from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { decideStanding } from "./ask-device.ts";
import type { ControllerHabits } from "./controller-work.ts";

interface AttributeDeps {
  readonly clock: Clock;
  readonly versionAttribute: string;
  readonly confirmSeconds: number;
}

/** One that changes with every start of the machine; a device that has it shows by it that it was started again. */
const BOOT_ATTRIBUTE = "boot_id";

/**
 * Keeps what a device says of itself, in the caller's transaction, which holds its row, and takes from it what it runs. A
 * client that ends its updates after the restart is left to end them: what runs then is looked at.
 */
export async function recordAttributes(
  db: TenantDb,
  deviceId: DeviceId,
  change: (before: Inventory) => Inventory,
  { closesAfterRestart }: ControllerHabits,
  deps: AttributeDeps,
): Promise<void> {
  const before = await knownAttributes(db, deviceId);
  const parsed = Inventory.safeParse(change(before));
  if (!parsed.success)
    throw new ApiError("invalid-request", parsed.error.issues[0]?.message ?? "invalid attributes");
  const after = parsed.data;
  await recordInventory(db, deviceId, after, deps.clock.now());
  await askForAttributes(db, deviceId, false);
  const isAtWork = (await actionsOf(db, deviceId)).some(
    ({ isFetched, isClosed }) => isFetched && !isClosed,
  );
  if (closesAfterRestart && isAtWork) return;
  const wasStarted =
    before[BOOT_ATTRIBUTE] !== undefined && before[BOOT_ATTRIBUTE] !== after[BOOT_ATTRIBUTE];
  await confirmRunning(db, deviceId, after, deps, wasStarted);
}

/**
 * Takes what a device runs from its attributes. An update that is written ends well when that is its release. One that went
 * on to run what it ran before has fallen back: at once if it was started since, else when its time to restart is over.
 */
export async function confirmRunning(
  db: TenantDb,
  deviceId: DeviceId,
  attributes: Inventory,
  { clock, versionAttribute, confirmSeconds }: AttributeDeps,
  wasStarted = false,
): Promise<void> {
  const version = attributes[versionAttribute];
  if (version === undefined) return;
  const at = clock.now();
  const running = { artifactName: version, provides: {} };
  await recordRunning(db, deviceId, running, at);
  const offer = await decideStanding(db, deviceId, at);
  const written =
    offer &&
    (await actionsOf(db, deviceId)).find(
      (action) => isActionOf(action, offer) && action.writtenAt !== null,
    );
  if (offer === undefined || written === undefined) return;
  const waitsUntil = (written.writtenAt ?? at) + confirmSeconds * SECOND_MS;
  if (!wasStarted && at < waitsUntil) {
    await askForAttributes(db, deviceId, true);
    return;
  }
  const { assignmentId, attempt } = offer;
  const ending = {
    kind: "finished",
    outcome: "rolled-back",
    code: "former-release-running",
    detail: `its client was done, and it says that it runs ${version}`,
    running,
  } as const;
  await reportNext(db, deviceId, assignmentId, attempt, ending, at);
}
