import { generateKeyPairSync, hash } from "node:crypto";
import { instant, type Clock } from "@moult/base";
import type {
  ClientTraits,
  DeviceId,
  DeviceIdentity,
  HardwareType,
  ProductName,
  Sha256,
  UserId,
} from "@moult/model";
import type { OperationContext } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, silentLog } from "../platform/test-database.fixture.ts";
import { createProductHandlers } from "../products/index.ts";
import { enrolDevice, type EnrolmentAnswer, type EnrolmentRequest } from "./enrol-device.ts";
import { createDeviceHandlers } from "./operations.ts";

export const PRODUCT = "gateway" as ProductName;
export const HARDWARE = "gw2" as HardwareType;
export const TRAITS: ClientTraits = {
  client: "moult-agent/0.1.0",
  payloadTypes: ["rootfs-image"],
  pathPrefix: "gateway/prod/",
  canAbort: true,
  trust: "end-to-end",
};
export const LIMITS = { pendingDevicesMax: 3, pendingKeysPerDeviceMax: 2 };

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  pass(ms: number): void;
}

export function testClock(): TestClock {
  let now = TEST_NOW;
  return {
    now: () => now,
    pass: (ms) => {
      now = instant(now + ms);
    },
  };
}

/** An operator's request in the tenant of `db`. */
export const asOperator = (db: TenantDb): OperationContext => ({
  db,
  principal: {
    kind: "user",
    tenantId: db.tenantId,
    userId: "operator" as UserId,
    name: "Olga",
    email: "olga@example.com",
    role: "admin",
  },
  requestId: "request",
  log: silentLog,
  signal: new AbortController().signal,
});

export async function addProduct(db: TenantDb, name: ProductName = PRODUCT): Promise<void> {
  const { createProduct } = createProductHandlers({ clock: testClock() });
  await createProduct(asOperator(db), { params: undefined, query: undefined, body: { name } });
}

export interface DeviceKeyPair {
  readonly publicKey: Uint8Array;
  readonly fingerprint: Sha256;
}

export function newKey(): DeviceKeyPair {
  const { publicKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ type: "spki", format: "der" });
  return { publicKey: der, fingerprint: hash("sha256", der) as Sha256 };
}

let serial = 0;
export const newIdentity = (): DeviceIdentity => ({ serial: `SN-${(serial += 1)}` });

export interface TestFleet {
  readonly db: TenantDb;
  readonly clock: TestClock;
  readonly handlers: ReturnType<typeof createDeviceHandlers>;
  /** Devices whose update was asked to be closed, and why. */
  readonly closed: (readonly [DeviceId, string])[];
  token(accepts: boolean, usesMax?: number): Promise<string>;
  enrol(request?: Partial<EnrolmentRequest>): Promise<EnrolmentAnswer>;
  /** A device that is accepted at once. */
  accepted(request?: Partial<EnrolmentRequest>): Promise<DeviceId>;
}

/** Devices of one product in a tenant, through the actions that make real ones. */
export async function testFleet(db: TenantDb): Promise<TestFleet> {
  const clock = testClock();
  const closed: (readonly [DeviceId, string])[] = [];
  const handlers = createDeviceHandlers({
    clock,
    checkInSeconds: 60,
    closeOpenAssignment: (_, deviceId, cause) => {
      closed.push([deviceId, cause]);
      return Promise.resolve();
    },
  });
  await addProduct(db);

  const enrol = (request: Partial<EnrolmentRequest> = {}): Promise<EnrolmentAnswer> =>
    enrolDevice(
      db,
      {
        publicKey: newKey().publicKey,
        product: PRODUCT,
        hardwareType: HARDWARE,
        identity: newIdentity(),
        traits: TRAITS,
        ...request,
      },
      { clock, limits: LIMITS },
    );
  const token = async (accepts: boolean, usesMax = 1_000): Promise<string> => {
    const { secret } = await handlers.createEnrolmentToken(asOperator(db), {
      params: undefined,
      query: undefined,
      body: { product: PRODUCT, label: "", accepts, usesMax, expiresInSeconds: 3_600 },
    });
    return secret;
  };
  const accepting = await token(true);
  return {
    db,
    clock,
    handlers,
    closed,
    token,
    enrol,
    accepted: async (request) => {
      const answer = await enrol({ token: accepting, ...request });
      if (answer.kind !== "enrolled" || answer.state !== "accepted")
        throw new Error(`not accepted: ${JSON.stringify(answer)}`);
      return answer.deviceId;
    },
  };
}

/** Bodies of the tenant's events, the oldest first. */
export async function eventBodies(db: TenantDb, deviceId?: DeviceId): Promise<unknown[]> {
  const rows = await db.kysely
    .selectFrom("event")
    .select("body")
    .where("tenant_id", "=", db.tenantId)
    .$if(deviceId !== undefined, (query) => query.where("device_id", "=", deviceId!))
    .orderBy("sequence")
    .execute();
  return rows.map(({ body }): unknown => JSON.parse(body));
}

export async function planningEpoch(db: TenantDb): Promise<number> {
  const row = await db.kysely
    .selectFrom("tenant")
    .select("planning_epoch")
    .where("id", "=", db.tenantId)
    .executeTakeFirstOrThrow();
  return row.planning_epoch;
}
