import type { Readable } from "node:stream";
import {
  ChannelName,
  HardwareType,
  ProductName,
  ReleaseVersion,
  UploadId,
  type UserId,
} from "@moult/model";
import { DataStore, Upload } from "@tus/server";
import * as z from "zod";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { signatureRule } from "../products/index.ts";
import { uploadTooLarge } from "../releases/index.ts";
import {
  deleteUpload,
  insertUpload,
  moveUpload,
  recordReceived,
  unfinishedUploads,
  uploadOf,
  type StoredUpload,
} from "./queries.ts";
import { createFlushingWriter } from "./flushing-writer.ts";
import { KEPT_MS, OFFSET_DIFFERS, noUpload } from "./kept-upload.ts";
import { BEGINNING } from "./sweep-uploads.ts";
import type { SharedParts } from "./upload-deps.ts";

/** A row for each upload that somebody began and left; more than this is no use of anybody's. */
const UNFINISHED_PER_PERSON_MAX = 50;
const Metadata = z.object({
  product: ProductName,
  channel: ChannelName.nullish().transform((channel) => channel ?? ("prod" as ChannelName)),
  // A name to show, whatever the sender's system calls files; nothing is ever opened by it.
  filename: z
    .string()
    .nullish()
    .transform((name) =>
      name
        ?.replaceAll(/[\p{Cc}\p{Cs}]/gu, "")
        .split(/[/\\]/)
        .at(-1)
        ?.slice(0, 255),
    )
    .transform((name) => (name === undefined || name === "" ? "artifact.mender" : name)),
});

/** Of a file that is none of ours: what it becomes is called and fits. Lists are texts with commas between. */
const ForeignMetadata = z.object({
  version: ReleaseVersion.nullish().transform((version) => version ?? null),
  hardwaretypes: z
    .string()
    .nullish()
    .transform((text) =>
      text == null || text.trim() === "" ? null : text.split(",").map((type) => type.trim()),
    )
    .pipe(z.array(HardwareType).max(100).nullable()),
});

/**
 * One person's uploads, as tus sees them. The counterpart in `@tus/file-store` flushes nothing, takes a file's length for
 * what has arrived, and says nothing about a full disk.
 */
export class UploadStore extends DataStore {
  readonly #parts: SharedParts;
  readonly #db: TenantDb;
  readonly #userId: UserId;

  constructor(parts: SharedParts, db: TenantDb, userId: UserId) {
    super();
    this.#parts = parts;
    this.#db = db;
    this.#userId = userId;
    this.extensions = ["creation", "creation-with-upload", "termination", "expiration"];
  }

  override getExpiration(): number {
    return KEPT_MS;
  }

  override async create(upload: Upload): Promise<Upload> {
    const { clock, database, files } = this.#parts;
    const { product, channel, filename } = metadataOf(upload, Metadata);
    const { version, hardwaretypes } = metadataOf(upload, ForeignMetadata);
    const id = UploadId.parse(upload.id);
    const sizeBytes = sizeOf(upload, this.#parts.releases.artifactBytesMax);
    if ((await signatureRule(this.#db, product)) === undefined)
      throw new ApiError("not-found", `There is no product "${product}"; create it first.`);
    await database.lock(BEGINNING, async () => {
      await this.#demandRoom(sizeBytes);
      await files.create(id);
      const at = clock.now();
      try {
        await this.#db.transaction(async (inner) => {
          await insertUpload(inner, {
            id,
            tenant_id: inner.tenantId,
            user_id: this.#userId,
            product,
            channel,
            file_name: filename,
            version,
            hardware_types: hardwaretypes === null ? null : JSON.stringify(hardwaretypes),
            size_bytes: sizeBytes,
            received_bytes: 0,
            state: "uploading",
            release_id: null,
            artifact_id: null,
            created: null,
            problem: null,
            created_at: at,
            expires_at: at + KEPT_MS,
          });
          await appendEvent(inner, {
            at,
            body: { kind: "upload-changed", uploadId: id, state: "uploading" },
          });
        });
      } catch (error) {
        await files.remove(id);
        throw error;
      }
    });
    return upload;
  }

  async #demandRoom(sizeBytes: number): Promise<void> {
    const { database, files, unfinishedBytesMax } = this.#parts;
    const { bytes, ofPerson } = await unfinishedUploads(
      database.system.kysely,
      this.#db.tenantId,
      this.#userId,
    );
    if (ofPerson >= UNFINISHED_PER_PERSON_MAX)
      throw new ApiError(
        "upload-limit",
        `You have ${ofPerson} uploads that are not finished; continue or cancel one of them first.`,
      );
    if (bytes + sizeBytes > unfinishedBytesMax)
      throw new ApiError(
        "upload-limit",
        `Uploads that are not finished may have ${unfinishedBytesMax} bytes together on this server, and this one would go past that. Finish or cancel another first, or raise the server's limit.`,
      );
    const free = await files.freeBytes();
    if (free < sizeBytes)
      throw new ApiError(
        "disk-full",
        `The server's disk has ${free} bytes left, and this file has ${sizeBytes}; free some space there and try again.`,
      );
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await this.#alone(id, async (own) => own);
    return new Upload({
      id,
      size: row.size_bytes,
      offset: row.received_bytes,
      metadata: { product: row.product, channel: row.channel, filename: row.file_name },
      creation_date: new Date(row.expires_at - KEPT_MS).toISOString(),
    });
  }

  override async write(content: Readable, id: string, offset: number): Promise<number> {
    return this.#alone(id, async (row) => {
      // All of it is there already; a client that did not hear so asks with nothing in its hands.
      if (row.state !== "uploading") return row.received_bytes;
      // tus compares them too, but a write that it gave up may have come between.
      if (row.received_bytes !== offset) throw new ApiError(...OFFSET_DIFFERS);
      return this.#noted(row.id, this.#receive(content, row, offset));
    });
  }

  async #noted(id: UploadId, writing: Promise<number>): Promise<number> {
    this.#parts.writing.set(id, writing);
    try {
      return await writing;
    } finally {
      this.#parts.writing.delete(id);
    }
  }

  /** Whatever ends it, what arrived until then is flushed and counted, so that a cut costs nothing. */
  async #receive(content: Readable, row: StoredUpload, offset: number): Promise<number> {
    const file = await this.#parts.files.open(row.id);
    let received: number;
    try {
      const writer = createFlushingWriter(file, offset, (bytes) => this.#record(row, bytes));
      try {
        for await (const chunk of content as AsyncIterable<Uint8Array>) await writer.write(chunk);
      } finally {
        received = await writer.end();
      }
    } finally {
      await file.close();
    }
    if (received === row.size_bytes) this.#parts.verify(this.#db.tenantId, row.id);
    return received;
  }

  async #record(row: StoredUpload, receivedBytes: number): Promise<void> {
    const at = this.#parts.clock.now();
    const isThere = await this.#db.transaction(async (inner) => {
      if (!(await recordReceived(inner, row.id, receivedBytes, at + KEPT_MS))) return false;
      if (receivedBytes < row.size_bytes) return true;
      await moveUpload(inner, row.id, "uploading", { state: "verifying" });
      await appendEvent(inner, {
        at,
        body: { kind: "upload-changed", uploadId: row.id, state: "verifying" },
      });
      return true;
    });
    if (!isThere) throw noUpload();
  }

  override async remove(id: string): Promise<void> {
    return this.#alone(id, (row) => this.#end(row));
  }

  async #end(row: StoredUpload): Promise<void> {
    const { files, clock } = this.#parts;
    await this.#db.transaction(async (inner) => {
      if (await deleteUpload(inner, row.id, ["finished", "refused"])) return;
      if (!(await deleteUpload(inner, row.id, ["uploading"])))
        throw new ApiError(
          "state-conflict",
          "The file is whole and is being verified; wait for the result.",
        );
      await appendEvent(inner, {
        at: clock.now(),
        body: { kind: "upload-changed", uploadId: row.id, state: "ended" },
      });
    });
    await files.remove(row.id);
  }

  /** The upload, if it is this person's, its time has not run out, and the disk still has what was counted. */
  async #row(id: string): Promise<StoredUpload> {
    const parsed = UploadId.safeParse(id);
    const row = parsed.success ? await uploadOf(this.#db, this.#userId, parsed.data) : undefined;
    if (row === undefined || row.expires_at <= this.#parts.clock.now()) throw noUpload();
    const onDisk =
      row.state === "uploading" ? await this.#parts.files.sizeBytes(row.id) : row.received_bytes;
    if (onDisk === undefined || onDisk < row.received_bytes) throw noUpload();
    return row;
  }

  /**
   * Does `work` with the upload while nothing else of this server does anything with it, whatever the protocol's own lock
   * says. Whoever it does not belong to waits for nothing.
   */
  async #alone<T>(id: string, work: (row: StoredUpload) => Promise<T>): Promise<T> {
    const { id: own } = await this.#row(id);
    return this.#parts.lock(own, async () => work(await this.#row(own)));
  }
}

function metadataOf<Schema extends z.ZodType>(
  { metadata }: Upload,
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(metadata ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: ["metadata", ...path].map(String).join("."),
    message,
  }));
  throw new ApiError("invalid-request", `${issues[0]?.path}: ${issues[0]?.message}`, { issues });
}

function sizeOf({ size }: Upload, bytesMax: number): number {
  if (size === undefined || size === 0 || !Number.isSafeInteger(size))
    throw new ApiError("invalid-request", "Upload-Length: how many bytes the file has, at least 1");
  if (size > bytesMax) throw uploadTooLarge(bytesMax);
  return size;
}
