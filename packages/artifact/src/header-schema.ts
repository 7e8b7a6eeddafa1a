import * as z from "zod";
import type { JsonObject } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { isPayloadType } from "./entry-name.ts";

// Fields that are not listed are ignored: Mender's C++ client does so too, and newer tools may add some (section 2.2).

const NAME_BYTES_MAX = 256;

/** Section 2.2: at most 256 bytes, printable; the blank is the only space. */
const HeaderText = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= NAME_BYTES_MAX, "longer than 256 bytes")
  .refine((text) => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text), "not printable");

const PayloadType = z.string().refine(isPayloadType, "not the name of an update module");

const ProvidesName = z.string().min(1).max(256);
const ProvidesValue = z.string().max(4096);
const Values = z.array(ProvidesValue).min(1).max(1_000);

/** Go writes an empty group as an absent one; other tools write it as it is. */
const Group = z
  .union([z.literal(""), HeaderText])
  .transform((group) => (group === "" ? undefined : group))
  .optional();

export const HeaderInfo = z.object({
  payloads: z.array(z.object({ type: z.union([z.literal(""), PayloadType]).nullable() })).min(1),
  artifact_provides: z.object({ artifact_name: HeaderText, artifact_group: Group }),
  artifact_depends: z.object({
    artifact_name: z.array(HeaderText).max(1_000).optional(),
    device_type: z.array(HeaderText).min(1).max(1_000),
    artifact_group: z.array(HeaderText).max(1_000).optional(),
  }),
});
export type HeaderInfo = z.infer<typeof HeaderInfo>;

export const TypeInfo = z.object({
  type: z.union([z.literal(""), PayloadType]).nullable(),
  artifact_provides: z.record(ProvidesName, ProvidesValue).optional(),
  artifact_depends: z
    .record(ProvidesName, z.union([ProvidesValue.transform((value) => [value]), Values]))
    .optional(),
  clears_artifact_provides: z.array(z.string().min(1).max(256)).max(1_000).optional(),
});
export type TypeInfo = z.infer<typeof TypeInfo>;

/** Throws `header-invalid` with the path of the first field that is wrong. */
export function parseWith<T>(schema: z.ZodType<T>, value: JsonObject, entry: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ArtifactError("header-invalid", {
    entry,
    reason: issue?.message ?? "of the wrong form",
    field: issue?.path.join("."),
  });
}
