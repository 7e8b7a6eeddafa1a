import * as z from "zod";

// Names become path segments of signed artifact paths and file names on devices, hence the narrow alphabets.

/** A product's short name, unique in its tenant: the first segment of its artifacts' paths. */
export const ProductName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "lower-case letters, digits and inner hyphens, at most 63",
  )
  .brand<"ProductName">();
export type ProductName = z.infer<typeof ProductName>;

/** A release stream of a product: `prod`, `dev`, ...; the second segment of its artifacts' paths. */
export const ChannelName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
    "lower-case letters, digits and inner hyphens, at most 32",
  )
  .brand<"ChannelName">();
export type ChannelName = z.infer<typeof ChannelName>;

/** A release's version; equal to the artifact name inside its artifacts (Mender Artifact v3, `artifact_name`). */
export const ReleaseVersion = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
    "letters, digits and . _ + -, at most 128, first a letter or digit",
  )
  .brand<"ReleaseVersion">();
export type ReleaseVersion = z.infer<typeof ReleaseVersion>;

/** What kind of machine an artifact fits (Mender: `device_type`). */
export const HardwareType = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
    "letters, digits and . _ + -, at most 128, first a letter or digit",
  )
  .brand<"HardwareType">();
export type HardwareType = z.infer<typeof HardwareType>;

/** SHA-256 in lower-case hexadecimal. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits")
  .brand<"Sha256">();
export type Sha256 = z.infer<typeof Sha256>;

/** A key's fingerprint as people compare it by eye: groups of four digits, the same on the device and in the console. */
export const fingerprintGroups = (fingerprint: string): readonly string[] =>
  fingerprint.match(/.{1,4}/g) ?? [];

/** What a device has installed (Mender Artifact v3, `artifact_provides`): names to values, `artifact_name` among them. */
export const Provides = z.record(z.string().min(1).max(256), z.string().max(4096));
export type Provides = z.infer<typeof Provides>;

/** What an artifact needs: each name must be provided with one of the values. */
export const Depends = z.record(
  z.string().min(1).max(256),
  z.array(z.string().max(4096)).min(1).max(1_000),
);
export type Depends = z.infer<typeof Depends>;

/** An instant on the wire: ISO 8601 in UTC with milliseconds. */
export const Instant = z.iso.datetime();
