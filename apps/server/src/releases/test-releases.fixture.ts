import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  payloadFileFromBytes,
  writeArtifact,
  type ArtifactDescription,
  type ArtifactWriteOptions,
} from "@moult/artifact";
import type { BlobWriter, Blobs } from "@moult/base";
import type { ArtifactId, ChannelName, ReleaseId } from "@moult/model";
import { asOperator, PRODUCT, testClock } from "../devices/test-fleet.fixture.ts";
import { openFolderBlobs } from "../platform/blobs.ts";
import type { Database } from "../platform/database.ts";
import type { StreamBody } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog } from "../platform/test-database.fixture.ts";
import { createReleaseHandlers, type ReleaseHandlers } from "./operations.ts";
import { createReferencedBlobs, type ReferencedBlobs } from "./referenced-blobs.ts";

const CHANNEL = "prod" as ChannelName;

/** The bytes of an artifact; `version` and `content` are enough to tell two apart. */
export async function artifactBytes(
  description: Partial<ArtifactDescription> & { readonly content?: string } = {},
  options: ArtifactWriteOptions = {},
): Promise<Buffer> {
  const { content = "new system", ...rest } = description;
  const parts: Uint8Array[] = [];
  for await (const part of writeArtifact(
    {
      artifactName: "v1",
      deviceTypes: ["gw2"],
      payloads: [
        {
          type: "single-file",
          files: [payloadFileFromBytes("system.img", Buffer.from(content))],
          provides: { "rootfs-image.version": "7" },
          clearsProvides: ["rootfs-image.*"],
          metaData: {},
        },
      ],
      ...rest,
    },
    options,
  ))
    parts.push(part);
  return Buffer.concat(parts);
}

/** A body that arrives in pieces, and breaks off like a connection when `failsAfter` says so. */
export function bodyOf(
  bytes: Uint8Array,
  options: {
    readonly announcedBytes?: number | undefined;
    readonly failsAfter?: number;
    readonly pieceBytes?: number;
  } = {},
): StreamBody & { readonly pulled: () => number } {
  const { failsAfter, pieceBytes = 1_000 } = options;
  let pulled = 0;
  return {
    pulled: () => pulled,
    announcedBytes: "announcedBytes" in options ? options.announcedBytes : bytes.length,
    content: (async function* () {
      for (let start = 0; start < bytes.length; start += pieceBytes) {
        const piece = bytes.subarray(start, Math.min(start + pieceBytes, failsAfter ?? Infinity));
        pulled += piece.length;
        if (piece.length > 0) yield piece;
        if (failsAfter !== undefined && start + pieceBytes >= failsAfter)
          throw new Error("socket hang up");
      }
    })(),
  };
}

export interface TestReleases {
  readonly folder: string;
  readonly blobs: ReferencedBlobs;
  readonly handlers: ReleaseHandlers;
  upload(
    db: TenantDb,
    body: Uint8Array | StreamBody,
    channel?: ChannelName,
  ): ReturnType<ReleaseHandlers["uploadArtifact"]>;
  download(db: TenantDb, artifactId: ArtifactId): Promise<Buffer>;
  deleteRelease(db: TenantDb, releaseId: ReleaseId): Promise<void>;
  deleteArtifact(db: TenantDb, artifactId: ArtifactId): Promise<void>;
  /** Everything on the disk: digests of blobs, and names of what is still being written. */
  onDisk(): string[];
  /** Ends the test: artifacts of other tests' tenants would keep content alive. */
  remove(): Promise<void>;
}

/** Releases over a real folder of blobs. `wrap` may make the disk fail. */
export async function testReleases(
  database: Database,
  wrap: (blobs: Blobs) => Blobs = (blobs) => blobs,
): Promise<TestReleases> {
  const folder = mkdtempSync(join(tmpdir(), "moult-releases-"));
  const blobs = createReferencedBlobs({
    blobs: wrap(await openFolderBlobs(folder)),
    database,
    log: silentLog,
  });
  const handlers = createReleaseHandlers({
    clock: testClock(),
    blobs,
    artifactBytesMax: 1024 * 1024,
  });
  const plain = { query: undefined, body: undefined } as const;
  return {
    folder,
    blobs,
    handlers,
    upload: (db, body, channel = CHANNEL) =>
      handlers.uploadArtifact(asOperator(db), {
        params: { product: PRODUCT },
        query: { channel },
        body: body instanceof Uint8Array ? bodyOf(body) : body,
      }),
    download: async (db, artifactId) => {
      const reply = await handlers.downloadArtifact(asOperator(db), {
        ...plain,
        params: { artifactId },
      });
      return collect(await reply.open({ start: 0, end: reply.sizeBytes }));
    },
    deleteRelease: (db, releaseId) =>
      handlers.deleteRelease(asOperator(db), { ...plain, params: { releaseId } }),
    deleteArtifact: (db, artifactId) =>
      handlers.deleteArtifact(asOperator(db), { ...plain, params: { artifactId } }),
    onDisk: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
        .toSorted(),
    remove: async () => {
      rmSync(folder, { recursive: true, force: true });
      await database.system.transaction(async (kysely) => {
        await kysely.deleteFrom("artifact").execute();
        await kysely.deleteFrom("release").execute();
      });
    },
  };
}

export async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

/** A disk of which every writer fails at its `failsAt`-th write with `error`. */
export const failingDisk =
  (failsAt: number, error: Error) =>
  (blobs: Blobs): Blobs => ({
    ...blobs,
    begin: async (): Promise<BlobWriter> => {
      const writer = await blobs.begin();
      let writes = 0;
      return {
        write: (chunk) => {
          writes += 1;
          return writes === failsAt ? Promise.reject(error) : writer.write(chunk);
        },
        finish: () => writer.finish(),
        discard: () => writer.discard(),
      };
    },
  });
