import type { Clock } from "@moult/base";
import type { Device, DeviceId } from "@moult/model";
import { namedEventPage } from "../events/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Handlers, OperationContext } from "../platform/operation-handler.ts";
import { forgetDecision } from "../platform/planning-epoch.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { decideDevice, type CloseOpenAssignment } from "./change-device.ts";
import { searchTextOf } from "./device-identity.ts";
import type { DeviceAction } from "./device-transitions.ts";
import {
  countMatching,
  countUpdating,
  countsByContact,
  countsByRunning,
  countsByState,
} from "./count-queries.ts";
import type { ContactClock } from "./device-contact.ts";
import { decodeDeviceCursor, encodeDeviceCursor } from "./device-cursor.ts";
import { createEnrolmentHandlers, type EnrolmentHandlers } from "./enrolment-operations.ts";
import { matchOf } from "./filter-queries.ts";
import { createConfigurationHandlers, type ConfigurationHandlers } from "./configure-device.ts";
import { createHoldHandlers, type HoldHandlers } from "./hold-device.ts";
import { createInventoryHandlers, type InventoryHandlers } from "./inventory-operations.ts";
import { deviceById, devicePage } from "./list-queries.ts";
import { setDeviceName } from "./queries.ts";
import { attributesOf, contextOf, runsOf } from "./report-queries.ts";

export interface DeviceHandlerDeps {
  readonly clock: Clock;
  /** How often devices are told to check in. */
  readonly checkInSeconds: number;
  readonly closeOpenAssignment: CloseOpenAssignment;
}

export type DeviceHandlers = EnrolmentHandlers &
  InventoryHandlers &
  HoldHandlers &
  ConfigurationHandlers &
  Handlers<
    | "listDevices"
    | "countDevices"
    | "countMatchingDevices"
    | "showDevice"
    | "listDeviceTimeline"
    | "renameDevice"
    | "acceptDevice"
    | "rejectDevice"
    | "decommissionDevice"
  >;

/** Artifact names are the devices' own words: an overview shows the most frequent ones. */
const RUNNING_NAMES_SHOWN_MAX = 100;
const RUNS_SHOWN_MAX = 100;
/** Counting these takes some tens of milliseconds; beyond them "more than" is what a person needs to know. */
const COUNT_LOOKS_MAX = 100_000;

export function createDeviceHandlers(deps: DeviceHandlerDeps): DeviceHandlers {
  const { clock, checkInSeconds, closeOpenAssignment } = deps;
  const contactClock = (): ContactClock => ({ now: clock.now(), checkInSeconds });
  const deviceOrRefusal = async (db: TenantDb, deviceId: DeviceId): Promise<Device> => {
    const device = await deviceById(db, deviceId, contactClock());
    if (device === undefined) throw new ApiError("not-found", "There is no device with this id.");
    return device;
  };
  const decide = async (
    { db, principal }: OperationContext,
    deviceId: DeviceId,
    action: DeviceAction,
  ): Promise<Device> => {
    const decider = { by: principal.name, at: clock.now() };
    await decideDevice(db, deviceId, action, decider, closeOpenAssignment);
    return deviceOrRefusal(db, deviceId);
  };

  return {
    ...createEnrolmentHandlers(deps),
    ...createInventoryHandlers(),
    ...createHoldHandlers({ clock, deviceOrRefusal }),
    ...createConfigurationHandlers({ clock, demandDevice: deviceOrRefusal }),

    listDevices: async ({ db }, { query: { cursor, limit, sort, columns = "", ...filter } }) => {
      const list = { filter, sort };
      const request = {
        match: await matchOf(db, filter, contactClock(), sort),
        sort,
        after: decodeDeviceCursor(list, cursor),
        limit,
        columns: columns.split(",").filter((name) => name !== ""),
      };
      const { items, end } = await devicePage(db, request, contactClock());
      return { items, nextCursor: end === undefined ? null : encodeDeviceCursor(list, end) };
    },

    countDevices: async ({ db }, { query: { product } }) => ({
      byState: await countsByState(db, product),
      byRunning: await countsByRunning(db, product, RUNNING_NAMES_SHOWN_MAX),
      byContact: await countsByContact(db, product, contactClock()),
      updating: await countUpdating(db, product),
    }),

    countMatchingDevices: async ({ db }, { query }) =>
      countMatching(db, await matchOf(db, query, contactClock()), COUNT_LOOKS_MAX),

    showDevice: async ({ db }, { params: { deviceId } }) => ({
      ...(await deviceOrRefusal(db, deviceId)),
      inventory: await attributesOf(db, deviceId),
      context: await contextOf(db, deviceId),
      history: await runsOf(db, deviceId, RUNS_SHOWN_MAX),
    }),

    listDeviceTimeline: async ({ db }, { params: { deviceId }, query: { cursor, limit } }) => {
      await deviceOrRefusal(db, deviceId);
      return namedEventPage(db, { deviceId }, decodeCursor(cursor), limit);
    },

    renameDevice: async ({ db }, { params: { deviceId }, body: { name } }) => {
      const { identity } = await deviceOrRefusal(db, deviceId);
      const searchText = searchTextOf({ id: deviceId, name, identity });
      await db.transaction(async (inner) => {
        await setDeviceName(inner, deviceId, name, searchText);
        await forgetDecision(inner, deviceId);
      });
      return deviceOrRefusal(db, deviceId);
    },

    acceptDevice: (context, { params }) => decide(context, params.deviceId, "accept"),
    rejectDevice: (context, { params }) => decide(context, params.deviceId, "reject"),
    decommissionDevice: (context, { params }) => decide(context, params.deviceId, "decommission"),
  };
}
