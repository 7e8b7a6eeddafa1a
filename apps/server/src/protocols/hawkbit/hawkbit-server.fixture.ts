import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { payloadFileFromBytes, writeArtifact, type WrittenCompression } from "@moult/artifact";
import type { Artifact, ReleaseId, TenantId } from "@moult/model";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { createControllerHandlers } from "../../controllers/index.ts";
import { HARDWARE, PRODUCT } from "../../deployments/fleet.fixture.ts";
import { createControllerSessions } from "../../device-session/index.ts";
import { createHttpServer } from "../../platform/http/http-server.ts";
import { memoryBlobs } from "../../platform/memory-blobs.fixture.ts";
import { movingClock, type MovingClock } from "../../platform/moving-clock.fixture.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { silentLog, type TestDatabase } from "../../platform/test-database.fixture.ts";
import { uploadArtifact } from "../../releases/upload-artifact.ts";
import { proxyAddresses, hawkbitRoutes } from "./index.ts";

/** The protocol over a real database, with blobs in memory and a clock that stands until it is moved. */
export interface HawkbitServer {
  readonly app: FastifyInstance;
  readonly clock: MovingClock;
  readonly blobs: Map<string, Uint8Array>;
  close(): Promise<void>;
}

export async function startHawkbitServer(
  store: TestDatabase,
  trustedProxies: readonly string[] = [],
): Promise<HawkbitServer> {
  const clock = movingClock();
  const blobs = new Map<string, Uint8Array>();
  const sessions = createControllerSessions({
    database: store.database,
    blobs: memoryBlobs(blobs),
    lastSeen: { note: () => undefined },
    clock,
    versionAttribute: "sw_version",
    confirmSeconds: 600,
  });
  const app = createHttpServer({ tls: null, trustedProxies, log: silentLog });
  await app.register(
    (scope, _options, done) => {
      hawkbitRoutes(scope, {
        sessions,
        tenantOf: (name) => (/^[0-9a-f-]{36}$/.test(name) ? (name as TenantId) : undefined),
        publicUrl: () => "https://fallback.example",
        certificateProxy: {
          addresses: proxyAddresses(trustedProxies),
          nameHeader: "X-Controller-Id",
          authorityHeader: "X-Authority",
          authorities: ["fleet-ca"],
        },
        clock,
        checkInSeconds: 300,
        log: silentLog,
      });
      done();
    },
    { prefix: "/:tenant/controller/v1/:controllerId" },
  );
  await app.ready();
  return { app, clock, blobs, close: () => app.close() };
}

const SWUPDATE = "libcurl-agent/1.0";
const RAUC = "rauc-hawkbit-c-agent/1.0";
export const AGENTS = { swupdate: SWUPDATE, rauc: RAUC, other: "hara-ddiclient/2.0" } as const;

const context = { requestId: "r", log: silentLog, signal: new AbortController().signal };

/** What the operator API answers when a person adds a device. */
export async function register(
  db: TenantDb,
  server: HawkbitServer,
  credential: "token" | "certificate" = "token",
): Promise<{ controllerId: string; token: string | null }> {
  const handlers = createControllerHandlers({ clock: server.clock });
  const controllerId = `dev-${randomBytes(4).toString("hex")}`;
  const body = { controllerId, product: PRODUCT, hardwareType: HARDWARE, credential };
  return handlers.registerController({ ...context, db, principal: undefined as never }, {
    body,
    params: undefined,
    query: undefined,
  } as never);
}

/** A release with one file, uploaded as any other, and kept where the protocol reads. */
export async function addFileRelease(
  db: TenantDb,
  server: HawkbitServer,
  version: string,
  file: { readonly type: string; readonly name: string; readonly content: Uint8Array },
  compression: WrittenCompression = "none",
): Promise<{ readonly releaseId: ReleaseId; readonly artifact: Artifact }> {
  const chunks: Uint8Array[] = [];
  const description = {
    artifactName: version,
    deviceTypes: [HARDWARE],
    payloads: [{ type: file.type, files: [payloadFileFromBytes(file.name, file.content)] }],
  };
  for await (const chunk of writeArtifact(description, { compression })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  server.blobs.set(createHash("sha256").update(bytes).digest("hex"), bytes);
  const uploaded = await uploadArtifact(
    db,
    { product: PRODUCT, channel: "prod" as never },
    { content: Readable.from([bytes]), announcedBytes: bytes.length },
    { clock: server.clock, artifactBytesMax: 1e9, blobs: discarding },
  );
  return { releaseId: uploaded.release.id, artifact: uploaded.artifact };
}

const discarding = {
  begin: async () => ({
    write: async () => undefined,
    finish: async () => ({ sha256: "", sizeBytes: 0 }),
    discard: async () => undefined,
  }),
  keep: async <T>(_writer: unknown, _sha256: unknown, refer: () => Promise<T>) => refer(),
} as never;

/** A client of the protocol: a device's address, its token, and what its library calls itself. */
export class TestController {
  readonly #server: HawkbitServer;
  readonly #base: string;
  readonly headers: Record<string, string>;

  constructor(
    server: HawkbitServer,
    db: TenantDb,
    controllerId: string,
    authorization: string | null,
    agent: keyof typeof AGENTS,
  ) {
    this.#server = server;
    this.#base = `/${db.tenantId}/controller/v1/${controllerId}`;
    this.headers = {
      "user-agent": AGENTS[agent],
      host: "updates.example:8443",
      ...(authorization === null ? {} : { authorization }),
    };
  }

  request(
    method: "GET" | "HEAD" | "POST" | "PUT",
    path: string,
    options: {
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
      readonly remoteAddress?: string;
    } = {},
  ): Promise<LightMyRequestResponse> {
    const url = path.startsWith("http") ? new URL(path).pathname + new URL(path).search : undefined;
    return this.#server.app.inject({
      method,
      url: url ?? `${this.#base}${path}`,
      ...(options.remoteAddress === undefined ? {} : { remoteAddress: options.remoteAddress }),
      headers: {
        ...this.headers,
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { payload: JSON.stringify(options.body) }),
    });
  }

  /** What a poll shows, by the names of its links. */
  async links(): Promise<Record<string, string>> {
    const reply = await this.request("GET", "");
    const { _links: links = {} } = reply.json<{ _links?: Record<string, { href: string }> }>();
    return Object.fromEntries(Object.entries(links).map(([name, { href }]) => [name, href]));
  }

  configData(data: Record<string, string | null>, mode?: string): Promise<LightMyRequestResponse> {
    return this.request("PUT", "/configData", { body: { ...(mode ? { mode } : {}), data } });
  }

  feedback(
    number: string,
    execution: string,
    finished: string,
    details: readonly string[] = [],
    place = "deploymentBase",
  ): Promise<LightMyRequestResponse> {
    const body = { id: number, time: "x", status: { execution, result: { finished }, details } };
    return this.request("POST", `/${place}/${number}/feedback`, { body });
  }
}
