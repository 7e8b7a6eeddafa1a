import { generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { DAY_MS } from "@moult/base";
import type { DeviceId } from "@moult/model";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { sql } from "kysely";
import { onTestFinished } from "vitest";
import * as z from "zod";
import { addProduct } from "../../deployments/fleet.fixture.ts";
import { createDeviceSessions, createForeignSessions } from "../../device-session/index.ts";
import { createLastSeen, type LastSeen } from "../../devices/index.ts";
import { createHttpServer } from "../../platform/http/http-server.ts";
import { memoryBlobs } from "../../platform/memory-blobs.fixture.ts";
import { movingClock, type MovingClock } from "../../platform/moving-clock.fixture.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { silentLog, type TestDatabase } from "../../platform/test-database.fixture.ts";
import { addToken } from "../moult/moult-server.fixture.ts";
import { menderRoutes } from "./mender-routes.ts";

/** The protocol over a real database, for one tenant, and a clock that stands until it is moved. */
export interface MenderServer {
  readonly app: FastifyInstance;
  readonly clock: MovingClock;
  /** What the blob store holds, by digest. */
  readonly blobs: Map<string, Uint8Array>;
  /** Written when a test says so. */
  readonly lastSeen: LastSeen;
}

async function startMenderServer(
  store: TestDatabase,
  { tenantId }: Pick<TenantDb, "tenantId">,
): Promise<MenderServer> {
  const clock = movingClock();
  const blobs = new Map<string, Uint8Array>();
  const lastSeen = createLastSeen({ clock, log: silentLog, flushMs: DAY_MS });
  onTestFinished(() => lastSeen.close());
  const sessions = createDeviceSessions({
    database: store.database,
    blobs: memoryBlobs(blobs),
    lastSeen,
    limits: { pendingDevicesMax: 2, pendingKeysPerDeviceMax: 2 },
    clock,
  });
  const foreign = createForeignSessions({ database: store.database, lastSeen, clock, sessions });
  const app = createHttpServer({ tls: null, trustedProxies: ["127.0.0.0/8"], log: silentLog });
  await app.register(
    (scope, _options, done) => {
      const secret = Buffer.alloc(32, 7);
      menderRoutes(scope, {
        sessions: { ...sessions, ...foreign },
        tenantId,
        publicUrl: () => "https://fallback.example",
        secret,
        clock,
      });
      done();
    },
    { prefix: "/api/devices" },
  );
  await app.ready();
  return { app, clock, blobs, lastSeen };
}

/** A tenant whose product lets devices in by its token, and the server at its door. */
export async function startMenderFleet(store: TestDatabase, { accepts = true } = {}) {
  const db = await store.newTenant();
  await addProduct(db);
  const token = await addToken(db);
  if (!accepts) await setUnaccepting(db);
  const server = await startMenderServer(store, db);
  const newDevice = async () => {
    const device = new MenderDevice(server);
    await device.auth(token);
    // With its first question it says what kind of machine it is.
    await device.next();
    return device;
  };
  return { db, token, server, newDevice };
}

const setUnaccepting = (db: TenantDb): Promise<unknown> =>
  db.transaction((inner) =>
    inner.kysely
      .updateTable("enrolment_token")
      .set({ accepts: 0 })
      .where("tenant_id", "=", db.tenantId)
      .execute(),
  );

export const KEY_KINDS = ["rsa", "p256", "p384", "ed25519"] as const;

export function newKeys(kind: (typeof KEY_KINDS)[number]): {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
} {
  switch (kind) {
    case "rsa":
      return generateKeyPairSync("rsa", { modulusLength: 2048 });
    case "p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "ed25519":
      return generateKeyPairSync("ed25519");
  }
}

export const Next = z.object({
  id: z.string(),
  artifact: z.object({
    artifact_name: z.string(),
    source: z.object({ uri: z.string(), expire: z.string() }),
    device_types_compatible: z.array(z.string()),
  }),
  update_control_map: z
    .strictObject({
      id: z.uuid(),
      priority: z.int(),
      states: z.record(z.string(), z.object({ action: z.string() })),
    })
    .optional(),
});
export type Next = z.infer<typeof Next>;

interface AuthChanges {
  readonly body?: Buffer;
  readonly signature?: string;
  readonly headers?: Record<string, string>;
}

/** A device with a real key, which says what Mender's clients say. */
export class MenderDevice {
  readonly serial = randomUUID();
  artifactName = "1.0";
  deviceType = "gw2-board";
  token = "";
  /** As clients in Go are. */
  takesMaps = true;
  readonly keys: ReturnType<typeof newKeys>;
  readonly #server: MenderServer;

  constructor(server: MenderServer, kind: (typeof KEY_KINDS)[number] = "ed25519") {
    this.#server = server;
    this.keys = newKeys(kind);
  }

  get pem(): string {
    return this.keys.publicKey.export({ format: "pem", type: "spki" }).toString();
  }

  /** As Go's encoder writes it: with a line end, which is signed too. */
  authBody(tenantToken: string | undefined, idData: object = { serial: this.serial }): Buffer {
    const message = {
      id_data: JSON.stringify(idData),
      tenant_token: tenantToken,
      pubkey: this.pem,
    };
    return Buffer.from(`${JSON.stringify(message)}\n`);
  }

  signature(body: Uint8Array): string {
    const { privateKey } = this.keys;
    const digest = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
    return sign(digest, body, privateKey).toString("base64");
  }

  async auth(tenantToken?: string, changes: AuthChanges = {}): Promise<LightMyRequestResponse> {
    const body = changes.body ?? this.authBody(tenantToken);
    const reply = await this.#server.app.inject({
      method: "POST",
      url: "/api/devices/v1/authentication/auth_requests",
      headers: {
        "content-type": "application/json",
        authorization: "API_KEY",
        "x-men-signature": changes.signature ?? this.signature(body),
        ...changes.headers,
      },
      payload: body,
    });
    if (reply.statusCode === 200) this.token = reply.body;
    return reply;
  }

  call(
    method: "GET" | "POST" | "PUT" | "PATCH",
    path: string,
    body?: object | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<LightMyRequestResponse> {
    return this.#server.app.inject({
      method,
      url: `/api/devices${path}`,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${this.token}`,
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { payload: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) }),
    });
  }

  next(
    provides: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<LightMyRequestResponse> {
    const { deviceType: device_type, artifactName: artifact_name } = this;
    const body = {
      device_provides: { device_type, artifact_name, ...provides },
      ...(this.takesMaps ? { update_control_map: true } : {}),
    };
    return this.call("POST", "/v2/deployments/device/deployments/next", body, headers);
  }

  async offered(): Promise<Next> {
    const reply = await this.next();
    if (reply.statusCode !== 200) throw new Error(`no offer: ${reply.statusCode} ${reply.body}`);
    return Next.parse(reply.json());
  }

  async status(id: string, ...statuses: readonly string[]): Promise<readonly number[]> {
    const codes: number[] = [];
    for (const status of statuses) {
      const path = `/v1/deployments/device/deployments/${id}/status`;
      codes.push((await this.call("PUT", path, { status })).statusCode);
    }
    return codes;
  }

  /** What a link gives, by whoever has it. */
  fetch(uri: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.#server.app.inject({ method: "GET", url: new URL(uri).pathname, headers });
  }
}

/** The assignment of the update that a device was told of. */
export const assignmentOf = (db: TenantDb, id: string) =>
  db.kysely
    .selectFrom("assignment")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where(sql<boolean>`id like ${`${id.slice(0, -4)}%`}`)
    .executeTakeFirstOrThrow();

export async function deviceIdOf(db: TenantDb, { serial }: MenderDevice): Promise<DeviceId> {
  const { id } = await db.kysely
    .selectFrom("device")
    .select("id")
    .where("tenant_id", "=", db.tenantId)
    .where("identity", "like", `%${serial}%`)
    .executeTakeFirstOrThrow();
  return id;
}
