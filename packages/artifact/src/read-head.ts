import { createHash, type Hash } from "node:crypto";
import type { ArtifactHead, ArtifactSignature, Compression } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { checkLimit, type ArtifactLimits } from "./artifact-limits.ts";
import { headContent, type NamedHeader } from "./build-head.ts";
import type { ByteReader } from "./byte-reader.ts";
import { parseArtifactEntryName, refusedName, type ArtifactEntryName } from "./entry-name.ts";
import { parseManifest, type Manifest } from "./manifest.ts";
import { readAll, readHeader } from "./read-header.ts";
import { verifyingKeyIndex, type VerifyKey } from "./signing-key.ts";
import { parseJsonObject, textOf } from "./strict-json.ts";
import type { TarEntry, TarReader } from "./tar-reader.ts";

export interface HeadOptions {
  readonly verifyKeys: readonly VerifyKey[] | undefined;
  readonly allowsUnsigned: boolean;
  readonly allowsAugmented: boolean;
  readonly limits: ArtifactLimits;
}

export interface HeadReading {
  readonly head: ArtifactHead;
  /** The manifest as stored: what a signature is made over. */
  readonly manifestBytes: Uint8Array;
  /** Where `manifest.sig` stands in the artifact, or would: both equal when there is none. */
  readonly signatureAt: { readonly start: number; readonly end: number };
}

type Kind = ArtifactEntryName["kind"];
type NamedEntry = TarEntry & { readonly parsed: ArtifactEntryName };

/**
 * Reads everything before the payload data, in the order of section 2, and verifies each part before it is used: the
 * signature as soon as it is there, the header's digest before the header is decompressed.
 *
 * `digest` has seen every byte that `bytes` gave out.
 */
export async function readHead(
  tar: TarReader,
  bytes: ByteReader,
  digest: Hash,
  options: HeadOptions,
): Promise<HeadReading> {
  const { limits, verifyKeys, allowsUnsigned } = options;
  const version = await readAll(await take(tar, ["version"]), "infoBytesMax", "version", limits);
  checkVersion(version);

  const manifestEntry = await take(tar, ["manifest"]);
  const manifestBytes = await readAll(manifestEntry, "manifestBytesMax", "manifest", limits);
  const manifest = parseManifest(manifestBytes, "manifest", limits.nameBytesMax);
  const signatureStart = bytes.position;

  let next = await take(tar, ["manifest.sig", "manifest-augment", "header"]);
  let signature: ArtifactSignature = { kind: "unsigned" };
  if (next.parsed.kind === "manifest.sig") {
    const text = await readAll(next, "signatureBytesMax", "manifest.sig", limits);
    signature = verifySignature(text, manifestBytes, verifyKeys);
  } else if (verifyKeys !== undefined && !allowsUnsigned)
    throw new ArtifactError("signature-missing", { entry: "manifest.sig" });
  const signatureEnd = signature.kind === "unsigned" ? signatureStart : bytes.position;
  checkDigest(manifest, "version", version);

  if (signature.kind !== "unsigned") next = await take(tar, ["manifest-augment", "header"]);
  let augmentManifest: Manifest | undefined;
  if (next.parsed.kind === "manifest-augment") {
    augmentManifest = await readAugmentManifest(next, options);
    next = await take(tar, ["header"]);
  }
  const main = await readVerifiedHeader(next, manifest, limits);
  const augment =
    augmentManifest === undefined
      ? undefined
      : {
          header: await readVerifiedHeader(
            await take(tar, ["header-augment"]),
            augmentManifest,
            limits,
          ),
          manifest: augmentManifest,
        };
  checkNoLineIsLeft(manifest, main.entry, "version");
  if (augment !== undefined) {
    checkNoLineIsLeft(augment.manifest, augment.header.entry);
    checkDisjoint(manifest, augment.manifest);
  }
  const content = headContent(main, manifest, augment);
  checkLimit(limits, "payloadFilesMax", fileCount(content), "manifest");
  return {
    head: {
      formatVersion: 3,
      ...content,
      signature,
      headerCompression: compressionOf(next),
      sizeBytes: bytes.position,
      sha256: digest.copy().digest("hex"),
    },
    manifestBytes,
    signatureAt: { start: signatureStart, end: signatureEnd },
  };
}

/** The next entry, which must be of one of these kinds. */
async function take(tar: TarReader, kinds: readonly Kind[]): Promise<NamedEntry> {
  const entry = await tar.next();
  if (entry === undefined)
    throw new ArtifactError("entry-missing", { entry: kinds.at(-1), expected: kinds });
  const parsed = parseArtifactEntryName(entry.name);
  if (parsed === undefined) throw refusedName("artifact", entry.name);
  if (!kinds.includes(parsed.kind))
    throw new ArtifactError("entry-unexpected", { entry: entry.name, expected: kinds });
  return { ...entry, parsed };
}

function checkVersion(bytes: Uint8Array): void {
  const { format, version } = parseJsonObject(textOf(bytes, "version"), "version");
  if (format !== "mender" || version !== 3)
    throw new ArtifactError("version-unsupported", {
      entry: "version",
      format,
      version,
      supported: "Mender Artifact version 3",
    });
}

/** Section 2.3. Without keys a signature is reported, not judged. */
function verifySignature(
  text: Uint8Array,
  manifest: Uint8Array,
  keys: readonly VerifyKey[] | undefined,
): ArtifactSignature {
  if (keys === undefined) return { kind: "unverified" };
  // Base64 from other tools ends with a line break.
  const base64 = Buffer.from(text)
    .toString("latin1")
    .replace(/\r?\n$/, "");
  const signature = Buffer.from(base64, "base64");
  const keyIndex =
    signature.toString("base64") === base64 ? verifyingKeyIndex(keys, manifest, signature) : -1;
  if (keyIndex < 0)
    throw new ArtifactError("signature-invalid", {
      entry: "manifest.sig",
      reason: "none of the keys made this signature",
      keys: keys.length,
    });
  return { kind: "verified", keyIndex };
}

async function readAugmentManifest(
  entry: NamedEntry,
  { allowsAugmented, limits }: HeadOptions,
): Promise<Manifest> {
  if (!allowsAugmented)
    throw new ArtifactError("augmented-refused", {
      entry: "manifest-augment",
      reason: "nothing signs the augmented parts of an artifact",
    });
  const bytes = await readAll(entry, "manifestBytesMax", "manifest-augment", limits);
  return parseManifest(bytes, "manifest-augment", limits.nameBytesMax);
}

async function readVerifiedHeader(
  entry: NamedEntry,
  manifest: Manifest,
  limits: ArtifactLimits,
): Promise<NamedHeader> {
  const { name } = entry;
  const stored = await readAll(entry, "headerBytesMax", name, limits);
  checkDigest(manifest, name, stored);
  return { header: await readHeader(stored, compressionOf(entry), name, limits), entry: name };
}

function compressionOf({ parsed }: NamedEntry): Compression {
  return "compression" in parsed ? parsed.compression : "none";
}

function checkDigest(manifest: Manifest, entry: string, bytes: Uint8Array): void {
  const expected = manifest.get(entry);
  if (expected === undefined) throw new ArtifactError("not-in-manifest", { entry });
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== expected) throw new ArtifactError("digest-mismatch", { entry, expected, actual });
}

/** Every line but those of payload files must have been met by now. */
function checkNoLineIsLeft(manifest: Manifest, ...met: readonly string[]): void {
  for (const path of manifest.keys())
    if (!path.startsWith("data/") && !met.includes(path))
      throw new ArtifactError("manifest-unmet", { entry: path });
}

/** An augmented part adds files; it must not be able to replace one that is signed. */
function checkDisjoint(manifest: Manifest, augment: Manifest): void {
  for (const path of augment.keys())
    if (manifest.has(path))
      throw new ArtifactError("manifest-invalid", {
        entry: "manifest-augment",
        reason: "a path that the manifest has as well",
        path,
      });
}

function fileCount({ payloads, augment }: Pick<ArtifactHead, "payloads" | "augment">): number {
  return [...payloads, ...(augment?.payloads ?? [])].reduce(
    (count, payload) => count + payload.files.length,
    0,
  );
}
