import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OperationId, Role, Upload } from "@moult/api";
import { instant, type BlobWriter } from "@moult/base";
import type { UserId } from "@moult/model";
import { openFolderBlobs } from "../platform/blobs.ts";
import type { Database } from "../platform/database.ts";
import { closeHttpServer, createHttpServer } from "../platform/http/http-server.ts";
import { operationRoutes } from "../platform/http/operation-routes.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog } from "../platform/test-database.fixture.ts";
import { createReferencedBlobs } from "../releases/index.ts";
import { openUploads, type Uploads } from "./open-uploads.ts";
import { openUploadFiles, type UploadFiles } from "./upload-files.ts";

export const OFFSET_TYPE = "application/offset+octet-stream";

export interface UploadServer {
  readonly url: string;
  readonly port: number;
  readonly uploads: Uploads;
  /** A key for somebody of this tenant; the same name, the same person. */
  person(db: TenantDb, name?: string, role?: Role): string;
  /** One request of tus. */
  tus(method: string, path: string, key: string, more?: RequestInit): Promise<Response>;
  begin(key: string, sizeBytes: number, metadata?: Record<string, string>): Promise<string>;
  offset(path: string, key: string): Promise<number>;
  patch(path: string, key: string, offset: number, bytes: Uint8Array): Promise<Response>;
  /** Sends `bytes` of a longer body and cuts the connection once the server has them. */
  cut(path: string, key: string, offset: number, bytes: Uint8Array): Promise<void>;
  show(path: string, key: string): Promise<Upload>;
  /** Once the server has made up its mind. */
  ended(path: string, key: string): Promise<Upload>;
  /** Names of unfinished files, and digests of artifacts. */
  onDisk(): { readonly uploads: string[]; readonly blobs: string[] };
  /** How long the file of an unfinished upload is. */
  bytesOnDisk(path: string): number;
  /** How far this server's clock is ahead. */
  setAhead(ms: number): void;
  stop(): Promise<void>;
}

export interface UploadServerOptions {
  readonly database: Database;
  /** The same folder again is the same server after a restart. */
  readonly folder: string;
  readonly artifactBytesMax?: number;
  readonly unfinishedBytesMax?: number;
  readonly files?: (files: UploadFiles) => UploadFiles;
  readonly adopt?: (adopt: (path: string) => BlobWriter) => (path: string) => BlobWriter;
}

export const newDataFolder = (): string => mkdtempSync(join(tmpdir(), "moult-uploads-"));
export const removeFolder = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true });

/** Really listening, with what serve.ts wires for uploads. */
export async function startUploadServer(options: UploadServerOptions): Promise<UploadServer> {
  const { database, folder, artifactBytesMax = 64 * 1024 * 1024 } = options;
  let aheadMs = 0;
  const clock = { now: () => instant(Date.now() + aheadMs) };
  const folderBlobs = await openFolderBlobs(join(folder, "blobs"));
  const blobs = createReferencedBlobs({
    blobs: folderBlobs,
    database,
    log: silentLog,
  });
  const files = await openUploadFiles(join(folder, "uploads"));
  const adopt = (path: string): BlobWriter => folderBlobs.adopt(path);
  const uploads = await openUploads({
    database,
    files: options.files?.(files) ?? files,
    adopt: options.adopt?.(adopt) ?? adopt,
    releases: { clock, blobs, artifactBytesMax },
    clock,
    log: silentLog,
    unfinishedBytesMax: options.unfinishedBytesMax ?? 256 * 1024 * 1024,
    retry: { delayMsMin: 20, delayMsMax: 40 },
  });

  const people = new Map<
    string,
    { readonly db: TenantDb; readonly name: string; readonly role: Role }
  >();
  const auth = {
    authenticator: {
      principalOf: async ({
        apiKey,
        cookies,
      }: {
        apiKey: string | undefined;
        cookies: string | undefined;
      }) => {
        const known = people.get(apiKey ?? /session=([^;]+)/.exec(cookies ?? "")?.[1] ?? "");
        return (
          known && {
            kind: apiKey === undefined ? ("user" as const) : ("api-key" as const),
            tenantId: known.db.tenantId,
            userId: `${known.name}` as UserId,
            name: known.name,
            email: `${known.name}@example.org`,
            role: known.role,
          }
        );
      },
    },
    publicUrl: () => "https://moult.example.org",
  };
  const app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog });
  await app.register(
    async (scope) => {
      await scope.register(async (inner) => uploads.routes(inner, auth));
      operationRoutes(scope, {
        ...auth,
        database,
        handlers: uploads.handlers as Handlers<OperationId>,
        log: silentLog,
      });
    },
    { prefix: "/api/v1" },
  );
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const headersOf = (key: string): Record<string, string> => ({
    authorization: `Bearer ${key}`,
    "tus-resumable": "1.0.0",
  });
  const server: UploadServer = {
    url,
    port,
    uploads,
    person: (db, name = "ada", role = "publisher") => {
      const key = `${name}.${role}.${db.tenantId}`;
      people.set(key, { db, name, role });
      return key;
    },
    tus: (method, path, key, { headers, ...more } = {}) =>
      fetch(url + path, {
        method,
        headers: { ...headersOf(key), ...(headers as Record<string, string>) },
        ...more,
      }),
    begin: async (key, sizeBytes, metadata = {}) => {
      const answer = await server.tus("POST", "/api/v1/uploads", key, {
        headers: {
          "upload-length": String(sizeBytes),
          "upload-metadata": metadataText({
            product: "gateway",
            filename: "a.mender",
            ...metadata,
          }),
        },
      });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      return answer.headers.get("location") ?? "";
    },
    offset: async (path, key) => {
      const answer = await server.tus("HEAD", path, key);
      if (answer.status !== 200) throw new Error(`HEAD answered ${answer.status}`);
      return Number(answer.headers.get("upload-offset"));
    },
    patch: (path, key, offset, bytes) =>
      server.tus("PATCH", path, key, {
        headers: { "content-type": OFFSET_TYPE, "upload-offset": String(offset) },
        body: new Uint8Array(bytes),
      }),
    cut: (path, key, offset, bytes) =>
      new Promise((resolve, reject) => {
        const sent = httpRequest({
          port,
          path,
          method: "PATCH",
          agent: false,
          headers: {
            ...headersOf(key),
            "content-type": OFFSET_TYPE,
            "upload-offset": String(offset),
            "content-length": String(bytes.length + 1),
          },
        });
        sent.once("error", (error: NodeJS.ErrnoException) =>
          error.code === "ECONNRESET" ? resolve() : reject(error),
        );
        sent.write(bytes);
        const timer = setInterval(() => {
          if (server.bytesOnDisk(path) < offset + bytes.length) return;
          clearInterval(timer);
          sent.destroy(Object.assign(new Error("cut"), { code: "ECONNRESET" }));
        }, 2);
      }),
    show: async (path, key) => {
      const answer = await fetch(`${url}${path}/result`, { headers: headersOf(key) });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Upload;
    },
    ended: async (path, key) => {
      for (;;) {
        const shown = await server.show(path, key);
        if (shown.state === "finished" || shown.state === "refused") return shown;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    onDisk: () => ({
      uploads: readdirSync(join(folder, "uploads")),
      blobs: readdirSync(join(folder, "blobs"), { recursive: true })
        .map((name) => String(name).split("/").at(-1) ?? "")
        .filter((name) => name.length === 64),
    }),
    bytesOnDisk: (path) => statSync(join(folder, "uploads", path.split("/").at(-1) ?? "")).size,
    setAhead: (ms) => (aheadMs = ms),
    stop: async () => {
      await closeHttpServer(app, 100);
      await uploads.close();
    },
  };
  return server;
}

export const metadataText = (metadata: Record<string, string>): string =>
  Object.entries(metadata)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`)
    .join(",");
