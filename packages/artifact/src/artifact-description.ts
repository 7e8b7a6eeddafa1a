import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import type { JsonObject, Provides } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { isPayloadFileName, isPayloadType, isScriptName, payloadFilePath } from "./entry-name.ts";

/** Mender's C++ client refuses longer paths in a manifest (section 2.1). */
const MANIFEST_PATH_MAX = 100;
/** Payload indexes have four digits. */
const PAYLOADS_MAX = 10_000;
const READ_BYTES = 1024 * 1024;

/** A payload file to write. It is read twice, because its digest and compressed size come before its content. */
export interface PayloadFileSource {
  /** Letters, digits and `-_.,`; unique in its payload. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The content, from its start at every call. */
  open(): AsyncIterable<Uint8Array>;
}

export interface PayloadDescription {
  /** The update module's name; null for an empty payload, which has neither files nor meta-data. */
  readonly type: string | null;
  readonly files: readonly PayloadFileSource[];
  readonly metaData?: JsonObject;
  readonly provides?: Provides;
  readonly depends?: Readonly<Record<string, string | readonly string[]>>;
  /** Without it clients let the artifact replace everything that the device provides (section 2.4). */
  readonly clearsProvides?: readonly string[];
  /**
   * Whether to add what Mender's tool adds by default (section 2.2): version and, for a root file system, checksum to
   * `provides`, and the patterns that clear them. What is given above wins.
   */
  readonly hasToolDefaults?: boolean;
}

export interface ScriptDescription {
  /** `ArtifactInstall_Enter_05_name` (section 2.2). */
  readonly name: string;
  readonly content: Uint8Array;
}

/** What to write. */
export interface ArtifactDescription {
  readonly artifactName: string;
  readonly artifactGroup?: string;
  readonly deviceTypes: readonly string[];
  /** The device must run one of these artifacts. */
  readonly dependsOnNames?: readonly string[];
  readonly dependsOnGroups?: readonly string[];
  /** Mender's C++ clients take exactly one. */
  readonly payloads: readonly PayloadDescription[];
  readonly scripts?: readonly ScriptDescription[];
}

/** A payload file from the file system, named after its path unless told otherwise. Throws `source-failed`. */
export async function payloadFileFromPath(
  filePath: string,
  name: string = path.basename(filePath),
): Promise<PayloadFileSource> {
  const file = await stat(filePath).catch((cause: unknown): never => {
    throw new ArtifactError("source-failed", { path: filePath }, { cause });
  });
  if (!file.isFile())
    throw new ArtifactError("source-failed", { path: filePath, reason: "not a regular file" });
  return {
    name,
    sizeBytes: file.size,
    open: () => createReadStream(filePath, { highWaterMark: READ_BYTES }),
  };
}

/** A payload file that is in memory. */
export function payloadFileFromBytes(name: string, bytes: Uint8Array): PayloadFileSource {
  return {
    name,
    sizeBytes: bytes.length,
    open: async function* () {
      if (bytes.length > 0) yield bytes;
    },
  };
}

/** Throws `description-invalid` for what the header's schema does not see: names, types, sizes, doubles. */
export function checkDescription({ payloads, scripts = [] }: ArtifactDescription): void {
  if (payloads.length === 0) refuse("payloads", "an artifact has at least one payload");
  if (payloads.length > PAYLOADS_MAX) refuse("payloads", "too many payloads");
  for (const [index, payload] of payloads.entries()) checkPayload(payload, index);
  const names = new Set<string>();
  for (const { name } of scripts) {
    if (!isScriptName(name))
      refuse("scripts", "a script is named like ArtifactInstall_Enter_05_description", name);
    if (names.has(name)) refuse("scripts", "two scripts of one name", name);
    names.add(name);
  }
}

function checkPayload({ type, files, metaData }: PayloadDescription, index: number): void {
  const field = `payloads.${index}`;
  if (type === null && (files.length > 0 || metaData !== undefined))
    refuse(field, "an empty payload has neither files nor meta-data");
  if (type !== null && !isPayloadType(type))
    refuse(
      `${field}.type`,
      "a type is letters, digits and -_.,+ and starts with none of -.,+",
      type,
    );
  const names = new Set<string>();
  for (const { name, sizeBytes } of files) {
    if (!isPayloadFileName(name))
      refuse(`${field}.files`, "a file name is letters, digits and -_.,", name);
    if (payloadFilePath(index, name).length > MANIFEST_PATH_MAX)
      refuse(`${field}.files`, "a file name is too long for Mender's clients", name);
    if (names.has(name)) refuse(`${field}.files`, "two files of one name", name);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      refuse(`${field}.files`, "a size that is not a number of bytes", name);
    names.add(name);
  }
}

function refuse(field: string, reason: string, value?: string): never {
  throw new ArtifactError("description-invalid", {
    field,
    reason,
    ...(value === undefined ? {} : { value: value.slice(0, 300) }),
  });
}
