import { createHash } from "node:crypto";
import type { ArtifactReading } from "@moult/artifact";
import { BARE_PAYLOAD_TYPES, type PayloadFile } from "@moult/model";

/** What clients that take files alone need of each, by its place among the artifact's files. */
export type BareFiles = ReadonlyMap<number, NonNullable<PayloadFile["bare"]>>;

/**
 * Reads the payload files whose content means something alone, for the digests that other protocols want of them. Nothing is
 * read here of an artifact that has none: more digests make an upload slower.
 */
export async function readBareFiles(reading: ArtifactReading): Promise<BareFiles> {
  const bare = new Map<number, NonNullable<PayloadFile["bare"]>>();
  const [payload, second] = reading.head.payloads;
  const type = payload?.type ?? null;
  if (type === null || second !== undefined || !BARE_PAYLOAD_TYPES.includes(type)) return bare;
  let index = 0;
  for await (const { storedAt, content } of reading.payloadFiles()) {
    if (storedAt !== null) {
      const sha1 = createHash("sha1");
      const md5 = createHash("md5");
      for await (const chunk of content) {
        sha1.update(chunk);
        md5.update(chunk);
      }
      bare.set(index, { storedAt, sha1: sha1.digest("hex"), md5: md5.digest("hex") });
    }
    index += 1;
  }
  return bare;
}
