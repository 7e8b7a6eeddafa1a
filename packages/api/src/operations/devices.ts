import {
  Assignment,
  ChannelName,
  ConfigurationChange,
  Device,
  DeviceConfiguration,
  DeviceContact,
  DeviceEvidence,
  DeviceId,
  DeviceIdentity,
  DeviceReceipt,
  DeviceRow,
  DeviceRunningEntry,
  DeviceState,
  EnrolmentToken,
  EnrolmentTokenId,
  Explanation,
  FleetEvent,
  HardwareType,
  Inventory,
  KnownContext,
  Preauthorisation,
  PreauthorisationId,
  ProductName,
  Sha256,
} from "@moult/model";
import * as z from "zod";
import { DeviceFilter, DeviceSort } from "../device-filter.ts";
import { JoinedGroups } from "../imported-device.ts";
import { PageQuery, operation, pageOf } from "../operation.ts";

/** Columns of one list. */
const COLUMNS_MAX = 10;

const params = z.object({ deviceId: DeviceId });

export const deviceOperations = {
  listDevices: operation({
    id: "listDevices",
    summary: "Devices by filters, in one of a few orders",
    method: "GET",
    path: "/devices",
    permission: "fleet:read",
    query: z.object({
      ...DeviceFilter.shape,
      /** Names of inventory attributes, with commas between: their values come with each device. */
      columns: z
        .string()
        .max(1300)
        .refine((names) => names.split(",").length <= COLUMNS_MAX, `at most ${COLUMNS_MAX} names`)
        .optional(),
      sort: DeviceSort.default("newest"),
      cursor: z.string().max(4096).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(100),
    }),
    replyKind: "json",
    reply: pageOf(DeviceRow),
    errors: [],
  }),
  countDevices: operation({
    id: "countDevices",
    summary:
      "How many devices there are by state, and of the accepted ones by what they run and when they were heard of",
    method: "GET",
    path: "/device-counts",
    permission: "fleet:read",
    query: z.object({ product: ProductName.optional() }),
    replyKind: "json",
    reply: z.object({
      byState: z.record(DeviceState, z.int()),
      byRunning: z.array(z.object({ artifactName: z.string().nullable(), count: z.int() })),
      byContact: z.record(DeviceContact, z.int()),
      updating: z.int(),
    }),
    errors: [],
  }),
  countMatchingDevices: operation({
    id: "countMatchingDevices",
    summary:
      "How many devices a filter fits; in a large fleet perhaps only that there are at least so many",
    method: "GET",
    path: "/device-counts/matching",
    permission: "fleet:read",
    query: z.object(DeviceFilter.shape),
    replyKind: "json",
    reply: z.object({ count: z.int(), isExact: z.boolean() }),
    errors: [],
  }),
  listInventoryNames: operation({
    id: "listInventoryNames",
    summary: "Names of the attributes that devices report, the most frequent first",
    method: "GET",
    path: "/inventory-names",
    permission: "fleet:read",
    query: z.object({ product: ProductName.optional() }),
    replyKind: "json",
    reply: z.object({ items: z.array(z.object({ name: z.string(), deviceCount: z.int() })) }),
    errors: [],
  }),
  listInventoryValues: operation({
    id: "listInventoryValues",
    summary:
      "Values that devices report under a name, the most frequent first, without very long ones",
    method: "GET",
    path: "/inventory-values",
    permission: "fleet:read",
    query: z.object({
      name: z.string().min(1).max(128),
      product: ProductName.optional(),
      /** Part of the value. */
      search: z.string().max(128).optional(),
    }),
    replyKind: "json",
    reply: z.object({ items: z.array(z.object({ value: z.string(), deviceCount: z.int() })) }),
    errors: [],
  }),
  showDevice: operation({
    id: "showDevice",
    summary: "One device with its inventory and what it ran",
    method: "GET",
    path: "/devices/{deviceId}",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: Device.extend({
      inventory: Inventory,
      /** Null: it never said. */
      context: KnownContext.nullable(),
      history: z.array(DeviceRunningEntry),
    }),
    errors: ["not-found"],
  }),
  explainDevice: operation({
    id: "explainDevice",
    summary: "Why the device is not updating, or what it is doing",
    method: "GET",
    path: "/devices/{deviceId}/why",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: Explanation,
    errors: ["not-found"],
  }),
  listDeviceTimeline: operation({
    id: "listDeviceTimeline",
    summary: "What happened to the device, newest first",
    method: "GET",
    path: "/devices/{deviceId}/timeline",
    permission: "fleet:read",
    params,
    query: PageQuery,
    replyKind: "json",
    reply: pageOf(FleetEvent),
    errors: ["not-found"],
  }),
  listDeviceAssignments: operation({
    id: "listDeviceAssignments",
    summary: "The device's updates, newest first",
    method: "GET",
    path: "/devices/{deviceId}/assignments",
    permission: "fleet:read",
    params,
    query: PageQuery,
    replyKind: "json",
    reply: pageOf(Assignment),
    errors: ["not-found"],
  }),
  listDeviceReceipts: operation({
    id: "listDeviceReceipts",
    summary: "What the device swore of its updates, newest first, as it sent it",
    method: "GET",
    path: "/devices/{deviceId}/receipts",
    permission: "fleet:read",
    params,
    query: PageQuery,
    replyKind: "json",
    reply: pageOf(DeviceReceipt),
    errors: ["not-found"],
  }),
  exportDeviceEvidence: operation({
    id: "exportDeviceEvidence",
    summary:
      "All that proves what became of the device's updates: receipts, decisions, signed metadata, audit chain",
    method: "GET",
    path: "/devices/{deviceId}/evidence",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: DeviceEvidence,
    errors: ["not-found"],
  }),
  renameDevice: operation({
    id: "renameDevice",
    summary: "Give the device a name for people",
    method: "PATCH",
    path: "/devices/{deviceId}",
    permission: "devices:write",
    params,
    body: z.strictObject({ name: z.string().min(1).max(128).nullable() }),
    replyKind: "json",
    reply: Device,
    errors: ["not-found"],
  }),
  holdDevice: operation({
    id: "holdDevice",
    summary:
      "Let no deployment offer the device anything, for a time or until it is released; what it has begun to install goes on",
    method: "POST",
    path: "/devices/{deviceId}/hold",
    permission: "devices:write",
    params,
    body: z.strictObject({
      /** Why, for whoever asks. */
      note: z.string().trim().min(1).max(500),
      /** Until it is released unless told. */
      forSeconds: z
        .int()
        .min(60)
        .max(10 * 365 * 86_400)
        .optional(),
    }),
    replyKind: "json",
    reply: Device,
    errors: ["not-found", "state-conflict"],
  }),
  releaseDevice: operation({
    id: "releaseDevice",
    summary: "Let deployments offer the device what they bring again",
    method: "POST",
    path: "/devices/{deviceId}/release",
    permission: "devices:write",
    params,
    replyKind: "json",
    reply: Device,
    errors: ["not-found"],
  }),
  showDeviceConfiguration: operation({
    id: "showDeviceConfiguration",
    summary: "The settings that are wanted of the device, and those that it reports",
    method: "GET",
    path: "/devices/{deviceId}/configuration",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: DeviceConfiguration,
    errors: ["not-found"],
  }),
  changeDeviceConfiguration: operation({
    id: "changeDeviceConfiguration",
    summary:
      "Want other settings of the device, which asks for them by itself (Mender's configuration add-on)",
    method: "PATCH",
    path: "/devices/{deviceId}/configuration",
    permission: "devices:write",
    params,
    body: ConfigurationChange,
    replyKind: "json",
    reply: DeviceConfiguration,
    errors: ["not-found", "invalid-request", "state-conflict"],
  }),
  acceptDevice: operation({
    id: "acceptDevice",
    summary: "Let the device take updates",
    method: "POST",
    path: "/devices/{deviceId}/accept",
    permission: "devices:write",
    params,
    replyKind: "json",
    reply: Device,
    errors: ["not-found", "state-conflict"],
  }),
  rejectDevice: operation({
    id: "rejectDevice",
    summary: "Keep the device out",
    method: "POST",
    path: "/devices/{deviceId}/reject",
    permission: "devices:write",
    params,
    replyKind: "json",
    reply: Device,
    errors: ["not-found", "state-conflict"],
  }),
  decommissionDevice: operation({
    id: "decommissionDevice",
    summary: "Take the device out for good: its key is never accepted again",
    method: "POST",
    path: "/devices/{deviceId}/decommission",
    permission: "devices:write",
    params,
    replyKind: "json",
    reply: Device,
    errors: ["not-found", "state-conflict"],
  }),
  preauthoriseDevice: operation({
    id: "preauthoriseDevice",
    summary: "Accept a device before it enrols, by the fingerprint of its key",
    method: "POST",
    path: "/preauthorisations",
    permission: "enrolment:write",
    body: z.strictObject({
      product: ProductName,
      keyFingerprint: Sha256,
      identity: DeviceIdentity.optional(),
      name: z.string().min(1).max(128).optional(),
      groupIds: JoinedGroups.optional(),
    }),
    replyKind: "json",
    reply: Preauthorisation,
    errors: ["not-found", "name-taken", "state-conflict"],
  }),
  listPreauthorisations: operation({
    id: "listPreauthorisations",
    summary: "Preauthorised devices, newest first",
    method: "GET",
    path: "/preauthorisations",
    permission: "fleet:read",
    query: PageQuery,
    replyKind: "json",
    reply: pageOf(Preauthorisation),
    errors: [],
  }),
  deletePreauthorisation: operation({
    id: "deletePreauthorisation",
    summary: "Withdraw a preauthorisation that was not used",
    method: "DELETE",
    path: "/preauthorisations/{preauthorisationId}",
    permission: "enrolment:write",
    params: z.object({ preauthorisationId: PreauthorisationId }),
    replyKind: "none",
    errors: ["not-found"],
  }),
  createEnrolmentToken: operation({
    id: "createEnrolmentToken",
    summary:
      "Create a secret with which devices of a product may ask to join; it is shown this once",
    method: "POST",
    path: "/enrolment-tokens",
    permission: "enrolment:write",
    body: z.strictObject({
      product: ProductName,
      label: z.string().max(128).default(""),
      accepts: z.boolean().default(false),
      usesMax: z.int().min(1).max(10_000_000).default(1_000),
      expiresInSeconds: z
        .int()
        .min(60)
        .max(10 * 365 * 86_400)
        .default(30 * 86_400),
    }),
    replyKind: "json",
    reply: z.object({ token: EnrolmentToken, secret: z.string() }),
    errors: ["not-found"],
  }),
  createEnrolmentCommand: operation({
    id: "createEnrolmentCommand",
    summary:
      "Create an enrolment token and the shell command that makes a device of any Linux machine with it",
    method: "POST",
    path: "/enrolment-commands",
    permission: "enrolment:write",
    body: z.strictObject({
      product: ProductName,
      hardwareType: HardwareType,
      channel: ChannelName.default("prod" as ChannelName),
      /** Where the device reaches the server, if not at its public address. */
      serverUrl: z
        .url({ protocol: /^https?$/ })
        .max(2_048)
        .optional(),
      label: z.string().max(128).default(""),
      accepts: z.boolean().default(false),
      usesMax: z.int().min(1).max(10_000_000).default(1),
      expiresInSeconds: z
        .int()
        .min(60)
        .max(30 * 86_400)
        .default(30 * 60),
    }),
    replyKind: "json",
    reply: z.object({
      token: EnrolmentToken,
      /** For a POSIX shell; it holds the token's secret and is shown this once. */
      command: z.string(),
      /** Where the device lives then, below the home folder of who runs the command. */
      folder: z.string(),
    }),
    errors: ["not-found", "state-conflict", "signer-unavailable"],
  }),
  listEnrolmentTokens: operation({
    id: "listEnrolmentTokens",
    summary: "Enrolment tokens, without their secrets",
    method: "GET",
    path: "/enrolment-tokens",
    permission: "fleet:read",
    replyKind: "json",
    reply: z.object({ items: z.array(EnrolmentToken) }),
    errors: [],
  }),
  deleteEnrolmentToken: operation({
    id: "deleteEnrolmentToken",
    summary: "Revoke an enrolment token; devices that it let in stay",
    method: "DELETE",
    path: "/enrolment-tokens/{enrolmentTokenId}",
    permission: "enrolment:write",
    params: z.object({ enrolmentTokenId: EnrolmentTokenId }),
    replyKind: "none",
    errors: ["not-found"],
  }),
} as const;
