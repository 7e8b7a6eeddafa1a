/** How a `.tar` inside an artifact is compressed: the suffix of its entry, `none` for none (reference section 2). */
export type Compression = "none" | "gz" | "xz" | "zst";

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** Names to values, as a device reports what it has installed; `artifact_name` among them. */
export type Provides = Readonly<Record<string, string>>;

/** Names to the values that satisfy them. */
export type Depends = Readonly<Record<string, readonly string[]>>;

/**
 * What is known of the signature. `unverified`: there is one, and no key was given to check it with.
 * `keyIndex` counts in the order of the keys that were given.
 */
export type ArtifactSignature =
  | { readonly kind: "unsigned" }
  | { readonly kind: "unverified" }
  | { readonly kind: "verified"; readonly keyIndex: number };

/** A payload file as the manifest promises it. Its size is known only when its tar entry is read. */
export interface ExpectedFile {
  readonly name: string;
  /** Of the uncompressed content, lower-case hexadecimal. */
  readonly sha256: string;
}

/** One payload as the header describes it (section 2.2, `type-info` and `meta-data`). */
export interface ArtifactPayload {
  readonly index: number;
  /** The update module's name; null for an empty payload (bootstrap artifact). */
  readonly type: string | null;
  readonly provides: Provides;
  readonly depends: Depends;
  /** Absent when the payload has none, which means `["*"]` (section 2.4). */
  readonly clearsProvides?: readonly string[];
  readonly metaData?: JsonObject;
  readonly files: readonly ExpectedFile[];
  /** `type-info` as stored: update modules get the text, not our reading of it. */
  readonly typeInfoText: string;
  /** `meta-data` as stored, absent when the entry is missing; may be empty. */
  readonly metaDataText?: string;
}

export interface ArtifactScript {
  /** `ArtifactInstall_Enter_05_name`. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly sha256: string;
}

/** The unsigned additions of a server (section 2, `manifest-augment` and `header-augment`). */
export interface ArtifactAugment {
  readonly payloads: readonly ArtifactPayload[];
}

/** Everything before the payload data, read and verified against the manifest. Plain data but for the scripts' bytes. */
export interface ArtifactHead {
  readonly formatVersion: 3;
  readonly artifactName: string;
  readonly artifactGroup?: string;
  /** `depends.device_type`, never empty. */
  readonly deviceTypes: readonly string[];
  /** Of the artifact and all its payloads, `device_type` included. */
  readonly depends: Depends;
  /** Of the artifact and all its payloads, `artifact_name` and `artifact_group` included. */
  readonly provides: Provides;
  /** Of all payloads; `["*"]` when none of them says (section 2.4). */
  readonly clearsProvides: readonly string[];
  readonly payloads: readonly ArtifactPayload[];
  /** In the order of the header. */
  readonly scripts: readonly ArtifactScript[];
  readonly signature: ArtifactSignature;
  readonly augment?: ArtifactAugment;
  readonly headerCompression: Compression;
  /** `header-info` as stored. */
  readonly headerInfoText: string;
  /** Every byte of the artifact before its first data entry: length and digest. */
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A payload file that was read to its end and had the digest that the manifest promises. */
export interface VerifiedFile {
  readonly payloadIndex: number;
  readonly name: string;
  /** Of the uncompressed content. */
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** An artifact of which every byte was read and verified. */
export interface VerifiedArtifact {
  readonly head: ArtifactHead;
  readonly files: readonly VerifiedFile[];
  /** Of the whole artifact as stored. */
  readonly sizeBytes: number;
}

/** What a whole, verified artifact is, with the identity of its bytes. */
export interface ArtifactSummary extends VerifiedArtifact {
  /** Of the whole artifact as stored. */
  readonly sha256: string;
}
