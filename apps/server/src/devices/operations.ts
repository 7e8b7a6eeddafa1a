import type { Clock } from "@moult/base";
import type { Device, DeviceId } from "@moult/model";
import { namedEventPage } from "../events/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Handlers, OperationContext } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { decideDevice, type CloseOpenAssignment } from "./change-device.ts";
import { searchTextOf } from "./device-identity.ts";
import type { DeviceAction } from "./device-transitions.ts";
import { createEnrolmentHandlers, type EnrolmentHandlers } from "./enrolment-operations.ts";
import { countsByRunning, countsByState, deviceById, devicePage } from "./list-queries.ts";
import { setDeviceName } from "./queries.ts";
import { attributesOf, runsOf } from "./report-queries.ts";

export interface DeviceHandlerDeps {
  readonly clock: Clock;
  readonly closeOpenAssignment: CloseOpenAssignment;
}

export type DeviceHandlers = EnrolmentHandlers &
  Handlers<
    | "listDevices"
    | "countDevices"
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

export function createDeviceHandlers(deps: DeviceHandlerDeps): DeviceHandlers {
  const { clock, closeOpenAssignment } = deps;
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

    listDevices: ({ db }, { query: { cursor, limit, ...filter } }) =>
      devicePage(db, filter, decodeCursor(cursor), limit),

    countDevices: async ({ db }, { query: { product } }) => ({
      byState: await countsByState(db, product),
      byRunning: await countsByRunning(db, product, RUNNING_NAMES_SHOWN_MAX),
    }),

    showDevice: async ({ db }, { params: { deviceId } }) => ({
      ...(await deviceOrRefusal(db, deviceId)),
      inventory: await attributesOf(db, deviceId),
      history: await runsOf(db, deviceId, RUNS_SHOWN_MAX),
    }),

    listDeviceTimeline: async ({ db }, { params: { deviceId }, query: { cursor, limit } }) => {
      await deviceOrRefusal(db, deviceId);
      return namedEventPage(db, { deviceId }, decodeCursor(cursor), limit);
    },

    renameDevice: async ({ db }, { params: { deviceId }, body: { name } }) => {
      const { identity } = await deviceOrRefusal(db, deviceId);
      const searchText = searchTextOf({ id: deviceId, name, identity });
      await db.transaction((inner) => setDeviceName(inner, deviceId, name, searchText));
      return deviceOrRefusal(db, deviceId);
    },

    acceptDevice: (context, { params }) => decide(context, params.deviceId, "accept"),
    rejectDevice: (context, { params }) => decide(context, params.deviceId, "reject"),
    decommissionDevice: (context, { params }) => decide(context, params.deviceId, "decommission"),
  };
}

async function deviceOrRefusal(db: TenantDb, deviceId: DeviceId): Promise<Device> {
  const device = await deviceById(db, deviceId);
  if (device === undefined) throw new ApiError("not-found", "There is no device with this id.");
  return device;
}
