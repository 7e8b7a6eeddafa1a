/** The role of a metadata file: one of TUF's four, or the name of a delegated role. */
export type Role = string;

/** Every rule by which metadata or a target is refused; a refusal names the one that made it. */
export type TrustRule =
  /** The provisioned root cannot be read or is not signed as it asks itself: nothing can be trusted. */
  | "anchor-unusable"
  /** A target was asked for before the metadata was brought up to date. */
  | "not-refreshed"
  | "file-missing"
  | "file-too-large"
  /** Not the strict JSON that signed files are. */
  | "json-invalid"
  /** JSON, but not what this role's metadata must be. */
  | "metadata-invalid"
  | "duplicate-signature"
  /** Fewer good signatures by different keys than the role asks for. */
  | "threshold-not-met"
  /** A new root must be the one after the trusted one. */
  | "root-not-next"
  | "too-many-roots"
  /** Older than what this device has already seen. */
  | "version-rollback"
  /** Not the version that the file above it names. */
  | "version-mismatch"
  /** Another content under a version that this device already has. */
  | "content-changed"
  | "length-mismatch"
  | "hash-mismatch"
  /** A digest by an algorithm that is not accepted. */
  | "hash-unknown"
  | "expired"
  /** A role that an earlier snapshot listed is gone. */
  | "role-removed"
  | "role-not-in-snapshot"
  | "too-many-roles"
  | "path-invalid";

export interface TrustRefusal {
  readonly kind: "refused";
  readonly rule: TrustRule;
  readonly role: Role;
  /** One sentence for people; the rule is for programs. */
  readonly detail: string;
}
