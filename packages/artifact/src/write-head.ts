import { createHash } from "node:crypto";
import { concatBytes } from "@moult/base";
import type { VerifiedFile } from "./artifact-head.ts";
import type { ArtifactDescription, PayloadDescription } from "./artifact-description.ts";
import { compress, type WrittenCompression } from "./compress.ts";
import { headerEntryName, payloadFilePath, payloadHeaderName } from "./entry-name.ts";
import { formatManifest } from "./manifest.ts";
import type { ManifestSigner } from "./signing-key.ts";
import { TAR_BLOCK_BYTES, tarFileHeader, tarPaddingBytes } from "./tar-header.ts";

const ROOTFS_IMAGE = "rootfs-image";
/** Exactly the bytes of Mender's tool (section 2). */
const VERSION = utf8(`{"format":"mender","version":3}`);

export interface HeadInput {
  readonly description: ArtifactDescription;
  /** Of all payloads, in order. */
  readonly files: readonly VerifiedFile[];
  readonly compression: WrittenCompression;
  readonly compressionLevel: number | undefined;
  readonly signer: ManifestSigner | undefined;
}

/** Every byte of an artifact before its first data entry (section 2), in the order of Mender's tool. */
export async function writeHead(input: HeadInput): Promise<Uint8Array> {
  const { files, compression, compressionLevel, signer } = input;
  const headerName = headerEntryName(compression);
  const header = await collect(compress(compression, compressionLevel, headerTar(input)));
  const manifest = formatManifest(
    new Map([
      ...files.map(
        ({ payloadIndex, name, sha256 }) => [payloadFilePath(payloadIndex, name), sha256] as const,
      ),
      [headerName, sha256Hex(header)],
      ["version", sha256Hex(VERSION)],
    ]),
  );
  return concatBytes([
    tarEntry("version", VERSION),
    tarEntry("manifest", manifest),
    ...(signer === undefined ? [] : [await signatureEntry(manifest, signer)]),
    tarEntry(headerName, header),
  ]);
}

/** `manifest.sig` over a manifest (section 2.3). */
export async function signatureEntry(
  manifest: Uint8Array,
  signer: ManifestSigner,
): Promise<Uint8Array> {
  const signature = Buffer.from(await signer.sign(manifest)).toString("base64");
  return tarEntry("manifest.sig", utf8(signature));
}

/** The two zero blocks that end a tar. */
export const TAR_END = new Uint8Array(2 * TAR_BLOCK_BYTES);

async function* headerTar({ description, files }: HeadInput): AsyncGenerator<Uint8Array> {
  yield tarEntry("header-info", json(headerInfo(description)));
  for (const { name, content } of description.scripts ?? [])
    yield tarEntry(`scripts/${name}`, content);
  for (const [index, payload] of description.payloads.entries()) {
    const rootfs = files.find(({ payloadIndex }) => payloadIndex === index);
    yield tarEntry(
      payloadHeaderName(index, "type-info"),
      json(typeInfo(payload, description.artifactName, rootfs?.sha256)),
    );
    const metaData = metaDataBytes(payload);
    if (metaData !== undefined) yield tarEntry(payloadHeaderName(index, "meta-data"), metaData);
  }
  yield TAR_END;
}

function headerInfo(description: ArtifactDescription): unknown {
  const { artifactName, artifactGroup, deviceTypes, payloads } = description;
  return {
    payloads: payloads.map(({ type }) => ({ type })),
    artifact_provides: { artifact_name: artifactName, artifact_group: artifactGroup },
    artifact_depends: {
      artifact_name: nonEmpty(description.dependsOnNames),
      device_type: deviceTypes,
      artifact_group: nonEmpty(description.dependsOnGroups),
    },
  };
}

/** Section 2.2, "Tool defaults". `rootfsSha256` is of the payload's first file. */
function typeInfo(
  { type, provides, depends, clearsProvides, hasToolDefaults = false }: PayloadDescription,
  artifactName: string,
  rootfsSha256: string | undefined,
): unknown {
  if (type === null || !hasToolDefaults)
    return {
      type,
      artifact_depends: depends,
      artifact_provides: provides,
      clears_artifact_provides: clearsProvides,
    };
  const isRootfs = type === ROOTFS_IMAGE;
  const software = isRootfs ? ROOTFS_IMAGE : `${ROOTFS_IMAGE}.${type}`;
  return {
    type,
    artifact_depends: depends,
    artifact_provides: {
      ...(isRootfs && rootfsSha256 !== undefined ? { "rootfs-image.checksum": rootfsSha256 } : {}),
      [`${software}.version`]: artifactName,
      ...provides,
    },
    clears_artifact_provides: [
      ...new Set([
        ...(isRootfs ? ["artifact_group", "rootfs_image_checksum"] : []),
        `${software}.*`,
        ...(clearsProvides ?? []),
      ]),
    ],
  };
}

/** Mender's tool writes an empty one for root file systems. */
function metaDataBytes({ type, metaData }: PayloadDescription): Uint8Array | undefined {
  if (metaData !== undefined) return json(metaData);
  return type === ROOTFS_IMAGE ? new Uint8Array(0) : undefined;
}

function nonEmpty(values: readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values;
}

function tarEntry(name: string, content: Uint8Array): Uint8Array {
  return concatBytes([
    tarFileHeader(name, content.length),
    content,
    new Uint8Array(tarPaddingBytes(content.length)),
  ]);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(parts);
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
