import { chmod, mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import type { OperationId } from "@moult/api";
import { SECOND_MS, errorChain, instant, type Clock, type Log } from "@moult/base";
import type { TenantId } from "@moult/model";
import type { FastifyInstance } from "fastify";
import {
  createBulkChangeHandlers,
  createBulkChangeWorker,
  type BulkChangeWorker,
} from "./bulk-changes/index.ts";
import type { ServeCommand } from "./command-line.ts";
import {
  dataPaths,
  loadConfig,
  publicUrlOf,
  redacted,
  tlsPlace,
  type ServerConfig,
} from "./config.ts";
import { createChangeHandlers } from "./changes/index.ts";
import {
  closeOpenAssignment,
  createDeploymentHandlers,
  createDeploymentTender,
} from "./deployments/index.ts";
import { createControllerHandlers } from "./controllers/index.ts";
import { createDeviceSessions, createForeignSessions } from "./device-session/index.ts";
import { createDeviceHandlers, createLastSeen, type CloseOpenAssignment } from "./devices/index.ts";
import { createEnrolmentCommandHandlers } from "./enrolment-commands/index.ts";
import { createEventHandlers } from "./events/index.ts";
import { createAuditTender, createEvidenceHandlers } from "./evidence/index.ts";
import { createGroupHandlers } from "./groups/index.ts";
import { createOverviewHandlers } from "./overview/index.ts";
import { openOperators, type Operators } from "./operators/index.ts";
import { openFolderBlobs } from "./platform/blobs.ts";
import { openDatabase, type Database } from "./platform/database.ts";
import { ensureDefaultTenant } from "./platform/default-tenant.ts";
import { createEventFeed } from "./platform/events.ts";
import { DIST_FOLDER } from "./platform/installation.ts";
import { healthRoutes } from "./platform/http/health-routes.ts";
import { closeHttpServer, createHttpServer } from "./platform/http/http-server.ts";
import { operationRoutes } from "./platform/http/operation-routes.ts";
import type { Handlers } from "./platform/operation-handler.ts";
import { createJsonLog } from "./platform/json-log.ts";
import { openSecrets } from "./platform/secrets.ts";
import { SignerClient } from "./platform/signer-client.ts";
import type { TenantDb } from "./platform/tenant-db.ts";
import { openTls } from "./platform/tls/open-tls.ts";
import { mountHawkbit } from "./mount-hawkbit.ts";
import { metricsRoutes } from "./metrics/index.ts";
import { createProductHandlers } from "./products/index.ts";
import { menderRoutes } from "./protocols/mender/index.ts";
import { moultRoutes } from "./protocols/moult/index.ts";
import { createReferencedBlobs, createReleaseHandlers } from "./releases/index.ts";
import { createSafeguardHandlers } from "./safeguards/index.ts";
import { createDownloads, createSystemHandlers, downloadRoutes } from "./system/index.ts";
import { createTrustHandlers, createTrustTender } from "./trust/index.ts";
import { openUploadFiles, openUploads } from "./uploads/index.ts";
import { VERSION } from "./version.ts";
import { createWebhookTender, openWebhooks } from "./webhooks/index.ts";
import { webConsoleRoutes } from "./web-console/index.ts";

// The server: every part is made and wired here, and nowhere else.

const TEND_INTERVAL_MS = 5 * SECOND_MS;
const DRAIN_MS = 10 * SECOND_MS;

const clock: Clock = { now: () => instant(Date.now()) };
const random = { fraction: Math.random };

/** What the rest stands on. */
async function openPlatform(config: ServerConfig, log: Log) {
  const paths = dataPaths(config);
  await mkdir(paths.data, { recursive: true, mode: 0o700 });
  await chmod(paths.data, 0o700);
  const { url, connectionsMax } = config.database;
  const isEmbedded = url === "sqlite";
  const database = await openDatabase(
    isEmbedded
      ? { kind: "sqlite", path: paths.database }
      : { kind: "postgres", url, connectionsMax },
    log,
  );
  const folderBlobs = await openFolderBlobs(paths.blobs, isEmbedded ? "alone" : "shared");
  const blobs = createReferencedBlobs({ blobs: folderBlobs, database, log });
  return {
    paths,
    database,
    tenantId: await ensureDefaultTenant(database.system, clock),
    secrets: await openSecrets(paths.secrets),
    tls: await openTls(tlsPlace(config), clock, log),
    folderBlobs,
    blobs,
    uploads: await openUploads({
      database,
      files: await openUploadFiles(paths.uploads),
      adopt: (path) => folderBlobs.adopt(path),
      releases: { clock, blobs, artifactBytesMax: config.artifacts.bytesMax },
      clock,
      log,
      unfinishedBytesMax: config.artifacts.unfinishedBytesMax,
    }),
    events: createEventFeed(database),
    lastSeen: createLastSeen({ clock, log }),
    downloads: createDownloads(DIST_FOLDER),
    signer: new SignerClient({
      keyFolder: paths.signer,
      database: isEmbedded ? paths.database : url,
      installsPerMinute: config.signer.installsPerMinute,
      devicesPercentPerHour: config.signer.devicesPercentPerHour,
      tokenKeys: {
        instruction: config.signer.instructionKey,
        snapshot: config.signer.snapshotKey,
        timestamp: config.signer.timestampKey,
      },
      log,
      random,
    }),
  };
}

type Platform = Awaited<ReturnType<typeof openPlatform>>;

const abortOpenAssignment: CloseOpenAssignment = (db, deviceId, cause) =>
  closeOpenAssignment(db, deviceId, "aborted", cause, clock.now());

/** The operator API: every operation has its handler, or this does not compile. */
async function mountOperatorApi(
  app: FastifyInstance,
  config: ServerConfig,
  platform: Platform,
  bulkChanges: BulkChangeWorker,
  publicUrl: () => string,
  log: Log,
): Promise<Operators> {
  const { database, tenantId, secrets, paths, tls, signer, events, blobs, downloads, uploads } =
    platform;
  const operators = await openOperators({
    database,
    tenantId,
    secret: secrets.operatorSessions,
    publicUrl,
    setupCodePath: paths.setupCode,
    clock,
    log,
  });
  const certificateAuthority = tls?.certificateAuthority ?? null;
  const handlers: Handlers<OperationId> = {
    ...operators.handlers,
    ...createSystemHandlers({
      version: VERSION,
      publicUrl,
      certificateAuthority,
      signer,
      downloads,
      checkInSeconds: config.devices.checkInSeconds,
    }),
    ...createEnrolmentCommandHandlers({
      clock,
      publicUrl,
      certificateAuthority,
      downloads,
    }),
    ...createEventHandlers({ events }),
    ...createChangeHandlers({ events, clock }),
    ...createOverviewHandlers({ clock, checkInSeconds: config.devices.checkInSeconds }),
    ...createProductHandlers({ clock }),
    ...createDeviceHandlers({
      clock,
      checkInSeconds: config.devices.checkInSeconds,
      closeOpenAssignment: abortOpenAssignment,
    }),
    ...createControllerHandlers({ clock }),
    ...createBulkChangeHandlers({
      clock,
      checkInSeconds: config.devices.checkInSeconds,
      worker: bulkChanges,
    }),
    ...createGroupHandlers({ clock }),
    ...createReleaseHandlers({ clock, blobs, artifactBytesMax: config.artifacts.bytesMax }),
    ...createSafeguardHandlers({ clock }),
    ...uploads.handlers,
    ...createTrustHandlers({ clock, signer }),
    ...createEvidenceHandlers({ clock }),
    ...createDeploymentHandlers({ clock, checkInSeconds: config.devices.checkInSeconds }),
  };
  const { authenticator } = operators;
  await app.register(
    async (scope) => {
      await scope.register(async (inner) => uploads.routes(inner, { authenticator, publicUrl }));
      operationRoutes(scope, { database, handlers, authenticator, publicUrl, log });
    },
    { prefix: "/api/v1" },
  );
  return operators;
}

async function mountDeviceProtocols(
  app: FastifyInstance,
  config: ServerConfig,
  { database, tenantId, blobs, lastSeen, signer, secrets }: Platform,
  publicUrl: () => string,
  log: Log,
): Promise<void> {
  const { pendingMax, pendingKeysPerDeviceMax, checkInSeconds, instructionLifetimeSeconds } =
    config.devices;
  const sessions = createDeviceSessions({
    database,
    blobs,
    lastSeen,
    limits: { pendingDevicesMax: pendingMax, pendingKeysPerDeviceMax },
    clock,
  });
  const secret = secrets.deviceSessions;
  await app.register(
    async (scope) =>
      moultRoutes(scope, {
        sessions,
        signer,
        secret,
        clock,
        checkInSeconds,
        instructionLifetimeSeconds,
      }),
    { prefix: "/device/v1" },
  );
  const foreign = createForeignSessions({ database, lastSeen, clock, sessions });
  await app.register(
    async (scope) =>
      menderRoutes(scope, {
        sessions: { ...sessions, ...foreign },
        tenantId,
        publicUrl,
        secret,
        clock,
      }),
    { prefix: "/api/devices" },
  );
  await mountHawkbit(app, config, { database, tenantId, blobs, lastSeen, clock, publicUrl, log });
}

/** Starts everything and resolves when it serves; the answer ends it again. */
async function startServer(config: ServerConfig, log: Log): Promise<() => Promise<void>> {
  const platform = await openPlatform(config, log);
  const { paths, database, tenantId, tls, folderBlobs, blobs, signer, events, lastSeen, uploads } =
    platform;
  let publicUrl = publicUrlOf(config, config.listen.port);

  const { trustedProxies, logLevel } = config;
  const app = createHttpServer({ tls, trustedProxies, log, logsAnswers: logLevel === "debug" });
  const monotonicMs = (): number => performance.now();
  const bulkChanges = createBulkChangeWorker({
    database,
    clock,
    log,
    monotonicMs,
    closeOpenAssignment: abortOpenAssignment,
  });
  healthRoutes(app, { database, blobs: folderBlobs, signer, log, monotonicMs });
  const operators = await mountOperatorApi(
    app,
    config,
    platform,
    bulkChanges,
    () => publicUrl,
    log,
  );
  const { authenticator } = operators;
  metricsRoutes(app, { database, authenticator, publicUrl: () => publicUrl, clock });
  await mountDeviceProtocols(app, config, platform, () => publicUrl, log);
  downloadRoutes(app, platform.downloads);
  await webConsoleRoutes(app, { webRoot: resolve(config.webRoot ?? join(DIST_FOLDER, "web")) });
  await app.listen(config.listen);
  const { port } = app.server.address() as AddressInfo;
  publicUrl = publicUrlOf(config, port);

  blobs.sweep().catch((error: unknown) => log.warn("sweep-failed", { errors: errorChain(error) }));
  bulkChanges.wake();
  const webhooks = createWebhookTender({
    webhooks: await openWebhooks(config.webhooks, process.env),
    clock,
    log,
    random,
  });
  const tenders = [
    createDeploymentTender({ clock, log }),
    createTrustTender({ clock, signer, log }),
    createAuditTender({ clock }),
    webhooks,
  ];
  const stopTending = tendForever(database, tenantId, tenders, log);
  log.info("server-listening", { url: publicUrl, host: config.listen.host, port });
  tellSetupCode(operators.setupCode(), publicUrl, paths.setupCode, log);

  return async () => {
    stopTending();
    events.close();
    await closeHttpServer(app, DRAIN_MS);
    await uploads.close();
    await bulkChanges.close();
    await webhooks.close();
    await lastSeen.close();
    await signer.stop();
    await database.close();
  };
}

/** The code goes to a person at a terminal, and to a file of this user's; a log that is kept and sent around has only its path. */
function tellSetupCode(code: string | undefined, url: string, file: string, log: Log): void {
  if (code === undefined) return;
  log.info("setup-needed", { url, setupCodeFile: file });
  if (process.stderr.isTTY)
    process.stderr.write(`\nNo administrator yet: moult setup ${url} --code ${code}\n\n`);
}

/** What time alone does; one that fails holds up no other. */
interface Tender {
  tend(db: TenantDb): Promise<void>;
}

/** One round after the other, never two at once. */
function tendForever(
  database: Database,
  tenantId: TenantId,
  tenders: readonly Tender[],
  log: Log,
): () => void {
  let timer: NodeJS.Timeout;
  let isStopped = false;
  const round = async (): Promise<void> => {
    for (const tender of tenders)
      try {
        await tender.tend(database.tenant(tenantId));
      } catch (error) {
        log.error("tending-failed", { errors: errorChain(error) });
      }
    if (!isStopped) timer = setTimeout(() => void round(), TEND_INTERVAL_MS);
  };
  timer = setTimeout(() => void round(), TEND_INTERVAL_MS);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Reads the settings, starts everything, and ends it again on SIGTERM or SIGINT. */
export async function run({ data, configFile }: ServeCommand): Promise<void> {
  const config = await loadConfig({
    configFile,
    environment: process.env,
    overrides: data === undefined ? {} : { data },
  });
  const log = createJsonLog(config.logLevel);
  log.info("server-starting", {
    version: VERSION,
    node: process.version,
    config: redacted(config),
  });
  const stop = await startServer(config, log);
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      log.info("server-stopping", { signal });
      void stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error("stop-failed", { errors: errorChain(error) });
          process.exit(1);
        },
      );
    });
}
