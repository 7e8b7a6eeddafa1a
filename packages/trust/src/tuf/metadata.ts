import * as z from "zod";
import { isoInstantMs } from "./iso-instant.ts";
import { TufKey } from "./tuf-key.ts";

// TUF specification 1.0.34, section 4. Fields that are not known here stay in the signed bytes and out of these types.

const KEYIDS_MAX = 64;
const KEYS_MAX = 1_024;
const DELEGATIONS_MAX = 4_096;
const TARGETS_MAX = 50_000;
const SNAPSHOT_ENTRIES_MAX = 65_536;
const PATTERNS_MAX = 1_024;
export const SIGNATURES_MAX = 64;

/** The fields of root that name the keys whose signature makes an instruction; docs/decisions/0013. */
export const INSTRUCTION_FIELD = "x-moult-instruction";

const Keyid = z.string().min(1).max(256);
const Keyids = z
  .array(Keyid)
  .min(1)
  .max(KEYIDS_MAX)
  .refine((keyids) => new Set(keyids).size === keyids.length, "a keyid given twice");
const Version = z.int().min(1);
const Expires = z
  .string()
  .refine((text) => isoInstantMs(text) !== undefined, "no instant YYYY-MM-DDTHH:MM:SSZ");
const SpecVersion = z.string().regex(/^1\.[0-9]{1,4}(?:\.[0-9]{1,4})?$/, "TUF 1 alone is known");

const mapOf = <Value extends z.ZodType>(value: Value, entriesMax: number) =>
  z
    .record(z.string().min(1).max(1_024), value)
    .refine((map) => Object.keys(map).length <= entriesMax, `more than ${entriesMax} entries`);

/** Digests by algorithm, in lower-case hexadecimal; an empty list is no check and is refused. */
export const Hashes = mapOf(z.string().regex(/^(?:[0-9a-f]{2}){1,64}$/), 8).refine(
  (hashes) => Object.keys(hashes).length > 0,
  "no hash",
);
export type Hashes = z.infer<typeof Hashes>;

/**
 * Who signs a role, and how many of them must. More than there are is read all the same: nothing meets it, and the other
 * roles of the file go on.
 */
export const RoleKeys = z.object({ keyids: Keyids, threshold: z.int().min(1) });
export type RoleKeys = z.infer<typeof RoleKeys>;

/** The keys and the roles of the repository: the anchor of trust. */
export const RootMetadata = z.object({
  _type: z.literal("root"),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  consistent_snapshot: z.boolean().default(false),
  keys: mapOf(TufKey, KEYS_MAX),
  roles: z.object({
    root: RoleKeys,
    targets: RoleKeys,
    snapshot: RoleKeys,
    timestamp: RoleKeys,
  }),
  [INSTRUCTION_FIELD]: z.object({ keyids: Keyids }).optional(),
});
export type RootMetadata = z.infer<typeof RootMetadata>;

/** What another file says of a metadata file; hashes and length may be left out. */
export const FileEntry = z.object({
  version: Version,
  length: z.int().min(1).optional(),
  hashes: Hashes.optional(),
});
export type FileEntry = z.infer<typeof FileEntry>;

/** Which snapshot holds now. */
export const TimestampMetadata = z.object({
  _type: z.literal("timestamp"),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  meta: z.object({ "snapshot.json": FileEntry }),
});
export type TimestampMetadata = z.infer<typeof TimestampMetadata>;

/** Which version of each targets role holds now; names are `<role>.json`. */
export const SnapshotMetadata = z.object({
  _type: z.literal("snapshot"),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  meta: mapOf(FileEntry, SNAPSHOT_ENTRIES_MAX),
});
export type SnapshotMetadata = z.infer<typeof SnapshotMetadata>;

/** What is known of one target: `custom` is the repository's own. */
export const TargetEntry = z.object({
  length: z.int().min(0),
  hashes: Hashes,
  custom: z.unknown().optional(),
});
export type TargetEntry = z.infer<typeof TargetEntry>;

const TOP_LEVEL_ROLES = new Set(["root", "targets", "snapshot", "timestamp"]);

export const DelegatedRole = z
  .object({
    name: z
      .string()
      .min(1)
      .max(128)
      .refine((name) => !TOP_LEVEL_ROLES.has(name), "the name of a top-level role"),
    keyids: Keyids,
    threshold: z.int().min(1),
    terminating: z.boolean(),
    paths: z.array(z.string().min(1).max(512)).max(PATTERNS_MAX).optional(),
    path_hash_prefixes: z
      .array(z.string().regex(/^[0-9a-f]{1,64}$/))
      .max(PATTERNS_MAX)
      .optional(),
  })
  .refine(
    ({ paths, path_hash_prefixes: prefixes }) => (paths === undefined) !== (prefixes === undefined),
    "either paths or path_hash_prefixes",
  );
export type DelegatedRole = z.infer<typeof DelegatedRole>;

/** TAP 15: 2^bit_length roles of the same keys, each for the targets whose path's SHA-256 begins with its number. */
export const SuccinctRoles = RoleKeys.and(
  z.object({
    bit_length: z.int().min(1).max(32),
    name_prefix: z
      .string()
      .min(1)
      .max(112)
      .refine((name) => !TOP_LEVEL_ROLES.has(name)),
  }),
);
export type SuccinctRoles = z.infer<typeof SuccinctRoles>;

export const Delegations = z
  .object({
    keys: mapOf(TufKey, KEYS_MAX),
    roles: z
      .array(DelegatedRole)
      .max(DELEGATIONS_MAX)
      .refine(
        (roles) => new Set(roles.map(({ name }) => name)).size === roles.length,
        "a role delegated twice",
      )
      .optional(),
    succinct_roles: SuccinctRoles.optional(),
  })
  .refine(
    ({ roles, succinct_roles: succinct }) => (roles === undefined) !== (succinct === undefined),
    "either roles or succinct_roles",
  );
export type Delegations = z.infer<typeof Delegations>;

/** Targets and delegations of the role `targets` and of every delegated role alike. */
export const TargetsMetadata = z.object({
  _type: z.literal("targets"),
  spec_version: SpecVersion,
  version: Version,
  expires: Expires,
  targets: mapOf(TargetEntry, TARGETS_MAX),
  delegations: Delegations.optional(),
});
export type TargetsMetadata = z.infer<typeof TargetsMetadata>;

export const MetadataSignature = z.object({
  keyid: Keyid,
  /** Hexadecimal. What is no signature counts for nothing; it does not spoil the others. */
  sig: z.string().max(4_096),
});
export type MetadataSignature = z.infer<typeof MetadataSignature>;

/** A metadata file: what is signed, as it was read, and by whom. */
export const MetadataFile = z.object({
  signatures: z.array(MetadataSignature).max(SIGNATURES_MAX),
  signed: z.record(z.string(), z.unknown()),
});
export type MetadataFile = z.infer<typeof MetadataFile>;
