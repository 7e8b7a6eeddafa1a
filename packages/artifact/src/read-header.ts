import { createHash } from "node:crypto";
import type { ArtifactScript, Compression } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { checkLimit, type ArtifactLimits } from "./artifact-limits.ts";
import { ByteReader } from "./byte-reader.ts";
import { decompress } from "./decompress.ts";
import { parseHeaderEntryName, refusedName, type HeaderEntryName } from "./entry-name.ts";
import { HeaderInfo, TypeInfo, parseWith } from "./header-schema.ts";
import { parseJsonObject, textOf } from "./strict-json.ts";
import { createTarReader, type TarEntry } from "./tar-reader.ts";

/** One payload of the header, before it is joined with its files from the manifest. */
export interface PayloadHeader {
  readonly typeInfo: TypeInfo;
  readonly typeInfoText: string;
  readonly metaDataText?: string;
}

/** What a `header.tar` says (section 2.2). */
export interface Header {
  readonly info: HeaderInfo;
  readonly infoText: string;
  readonly scripts: readonly ArtifactScript[];
  readonly payloads: readonly PayloadHeader[];
}

/** Which entry may follow which; payloads come in order, `type-info` before `meta-data`. */
type Place =
  | { readonly kind: "start" }
  | { readonly kind: "scripts" }
  | { readonly kind: "payload"; readonly index: number; readonly hasMetaData: boolean };

/**
 * Reads a header whose stored bytes were verified already, so that nothing unverified reaches a decompressor here.
 * `entry` names it in errors.
 */
export async function readHeader(
  stored: Uint8Array,
  compression: Compression,
  entry: string,
  limits: ArtifactLimits,
): Promise<Header> {
  let contentBytes = 0;
  const bytes = new ByteReader(
    decompress(compression, once(stored), entry, limits),
    () => new ArtifactError("tar-invalid", { entry, reason: "the archive is cut off" }),
    (taken) => {
      contentBytes += taken.length;
      checkLimit(limits, "headerContentBytesMax", contentBytes, entry);
    },
  );
  try {
    return await readEntries(bytes, entry, limits);
  } finally {
    await bytes.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function readEntries(
  bytes: ByteReader,
  archive: string,
  limits: ArtifactLimits,
): Promise<Header> {
  const tar = createTarReader(bytes, {
    archive,
    checkName: (name) => {
      checkLimit(limits, "nameBytesMax", Buffer.byteLength(name), archive);
      if (parseHeaderEntryName(name) === undefined) throw refusedName(archive, name);
    },
  });
  let info: { readonly value: HeaderInfo; readonly text: string } | undefined;
  const scripts: ArtifactScript[] = [];
  const payloads: PayloadHeader[] = [];
  let place: Place = { kind: "start" };

  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    const parsed = parseHeaderEntryName(entry.name);
    if (parsed === undefined) throw refusedName(archive, entry.name);
    place = nextPlace(place, parsed, archive, entry.name);
    const path = `${archive}:${entry.name}`;
    switch (parsed.kind) {
      case "header-info": {
        const text = textOf(await readAll(entry, "infoBytesMax", path, limits), path);
        info = { value: parseWith(HeaderInfo, parseJsonObject(text, path), path), text };
        checkLimit(limits, "payloadsMax", info.value.payloads.length, path);
        break;
      }
      case "script":
        if (scripts.some(({ name }) => name === parsed.name)) throw unexpected(archive, entry.name);
        scripts.push(await readScript(entry, parsed.name, path, limits));
        checkLimit(limits, "scriptsMax", scripts.length, path);
        break;
      case "type-info": {
        const text = textOf(await readAll(entry, "infoBytesMax", path, limits), path);
        const typeInfo = parseWith(TypeInfo, parseJsonObject(text, path), path);
        payloads.push({ typeInfo, typeInfoText: text });
        break;
      }
      case "meta-data": {
        const metaDataText = textOf(await readAll(entry, "metaDataBytesMax", path, limits), path);
        const payload = payloads.pop();
        if (payload !== undefined) payloads.push({ ...payload, metaDataText });
        break;
      }
    }
  }
  if (info === undefined) throw missing(archive, "header-info");
  if (payloads.length !== info.value.payloads.length)
    throw missing(archive, `headers/${String(payloads.length).padStart(4, "0")}/type-info`);
  return { info: info.value, infoText: info.text, scripts, payloads };
}

function nextPlace(
  place: Place,
  entry: HeaderEntryName,
  archive: string,
  entryName: string,
): Place {
  if (entry.kind === "header-info" && place.kind === "start") return { kind: "scripts" };
  if (entry.kind === "script" && place.kind === "scripts") return place;
  if (entry.kind === "type-info" && place.kind !== "start") {
    const index = place.kind === "payload" ? place.index + 1 : 0;
    if (entry.payloadIndex === index) return { kind: "payload", index, hasMetaData: false };
  }
  if (
    entry.kind === "meta-data" &&
    place.kind === "payload" &&
    !place.hasMetaData &&
    entry.payloadIndex === place.index
  )
    return { ...place, hasMetaData: true };
  throw unexpected(archive, entryName);
}

async function readScript(
  entry: TarEntry,
  name: string,
  path: string,
  limits: ArtifactLimits,
): Promise<ArtifactScript> {
  const content = await readAll(entry, "scriptBytesMax", path, limits);
  return { name, content, sha256: createHash("sha256").update(content).digest("hex") };
}

/** The whole content of an entry that must not be larger than a limit, which is checked before anything is allocated. */
export async function readAll(
  entry: TarEntry,
  limit: keyof ArtifactLimits,
  path: string,
  limits: ArtifactLimits,
): Promise<Uint8Array> {
  checkLimit(limits, limit, entry.sizeBytes, path);
  const content = new Uint8Array(entry.sizeBytes);
  let filled = 0;
  for (;;) {
    const part = await entry.some(entry.sizeBytes);
    if (part === undefined) return content;
    content.set(part, filled);
    filled += part.length;
  }
}

function unexpected(archive: string, name: string): ArtifactError {
  return new ArtifactError("entry-unexpected", { entry: `${archive}:${name}` });
}

function missing(archive: string, name: string): ArtifactError {
  return new ArtifactError("entry-missing", { entry: `${archive}:${name}` });
}
