import { SECOND_MS, type Clock, type InstantMs } from "@moult/base";
import { Inventory, type DeviceId } from "@moult/model";
import {
  actionsOf,
  askForAttributes,
  isActionOf,
  noteBoot,
  type ControllerAction,
} from "../controllers/index.ts";
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
  const parsed = Inventory.safeParse(change(await knownAttributes(db, deviceId)));
  if (!parsed.success)
    throw new ApiError("invalid-request", parsed.error.issues[0]?.message ?? "invalid attributes");
  const after = parsed.data;
  await recordInventory(db, deviceId, after, deps.clock.now());
  await askForAttributes(db, deviceId, false);
  // One of another time says nothing of this start.
  const saidBoot = change({})[BOOT_ATTRIBUTE];
  const open = (await actionsOf(db, deviceId)).filter(({ isClosed }) => !isClosed);
  if (closesAfterRestart && open.some(({ isFetched }) => isFetched)) return;
  if (saidBoot !== undefined)
    for (const { number, bootId } of open)
      if (bootId !== saidBoot) await noteBoot(db, number, saidBoot);
  const boot = closesAfterRestart ? undefined : saidBoot;
  await confirmRunning(db, deviceId, after, deps, (written, at) =>
    hasFallenBack(db, written, boot, deps, at),
  );
}

/**
 * Takes what a device runs from its attributes. An update that is written ends well when that is its release. One that goes on to
 * run what it ran before is asked again, until it is shown to have fallen back.
 */
export async function confirmRunning(
  db: TenantDb,
  deviceId: DeviceId,
  attributes: Inventory,
  { clock, versionAttribute }: AttributeDeps,
  isFallenBack?: (written: ControllerAction, at: InstantMs) => Promise<boolean>,
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
  if ((await isFallenBack?.(written, at)) !== true) {
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

/**
 * Whether a device that runs what it ran before came back to it. Its start tells: the same one as before the update is none
 * since, and the time that the plan gives it goes on. Of one that says nothing of it, the time to restart.
 */
async function hasFallenBack(
  db: TenantDb,
  { number, bootId, writtenAt }: ControllerAction,
  boot: string | undefined,
  { confirmSeconds }: Pick<AttributeDeps, "confirmSeconds">,
  at: InstantMs,
): Promise<boolean> {
  if (boot === undefined) return at >= (writtenAt ?? at) + confirmSeconds * SECOND_MS;
  if (bootId !== null) return bootId !== boot;
  await noteBoot(db, number, boot);
  return false;
}
