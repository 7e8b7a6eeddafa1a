import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { concatBytes } from "@moult/base";
import { chunked, collect, sha256 } from "./artifact.fixture.ts";
import { payloadFileFromBytes } from "./artifact-description.ts";
import type { ArtifactHead, ArtifactSummary } from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { repetitiveBytes } from "./compressed-streams.fixture.ts";
import { inspectArtifact } from "./read-artifact.ts";
import {
  generateSigningKey,
  signerFromPem,
  verifyKeyFromPem,
  type VerifyKey,
} from "./signing-key.ts";
import { writeArtifact } from "./write-artifact.ts";

/** A longer hunt: `MOULT_FUZZ_RUNS=20000 npx vitest run --project unit artifact-fuzz --testTimeout 600000`. */
const RUNS = Number(process.env["MOULT_FUZZ_RUNS"] ?? 250);
const CHUNK_BYTES = 700;
/** What a mutated artifact of a few kilobytes may hold on to. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bits: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "delete"; readonly at: number; readonly length: number }
  | { readonly kind: "copy"; readonly at: number; readonly from: number; readonly length: number }
  | { readonly kind: "truncate"; readonly at: number };

const place = fc.nat(100_000);
const length = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(512, 1024));
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("flip"),
      at: place,
      bits: fc.integer({ min: 1, max: 255 }),
    }),
  },
  fc.record({
    kind: fc.constant("insert"),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant("delete"), at: place, length }),
  fc.record({ kind: fc.constant("copy"), at: place, from: place, length }),
  fc.record({ kind: fc.constant("truncate"), at: place }),
);

function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
  const at = change.at % bytes.length;
  const before = bytes.subarray(0, at);
  switch (change.kind) {
    case "flip":
      return concatBytes([
        before,
        Uint8Array.of((bytes[at] ?? 0) ^ change.bits),
        bytes.subarray(at + 1),
      ]);
    case "insert":
      return concatBytes([before, change.bytes, bytes.subarray(at)]);
    case "delete":
      return concatBytes([before, bytes.subarray(at + change.length)]);
    case "copy": {
      const from = change.from % bytes.length;
      return concatBytes([before, bytes.subarray(from, from + change.length), bytes.subarray(at)]);
    }
    case "truncate":
      return Uint8Array.from(before);
  }
}

/** What an artifact means, leaving out how its bytes are laid out and who signed them. */
function meaning({ head, files }: ArtifactSummary): unknown {
  const { sha256: _, sizeBytes: __, signature: ___, ...said }: ArtifactHead = head;
  return { said, files };
}

let verifyKey: VerifyKey | undefined;
const samples: Record<string, Uint8Array> = {};
beforeAll(async () => {
  const { privateKeyPem, publicKeyPem } = await generateSigningKey("ecdsa-p256");
  verifyKey = verifyKeyFromPem(publicKeyPem);
  for (const compression of ["none", "gz", "zst"] as const)
    samples[compression] = await collect(
      writeArtifact(
        {
          artifactName: "release-1",
          artifactGroup: "stable",
          deviceTypes: ["board"],
          scripts: [{ name: "ArtifactInstall_Enter_00", content: Buffer.from("#!/bin/sh\n") }],
          payloads: [
            {
              type: "app",
              files: [
                payloadFileFromBytes("a", repetitiveBytes(1_500)),
                payloadFileFromBytes("b", new Uint8Array(700)),
              ],
              metaData: { key: ["value", 1] },
              provides: { "app.version": "1" },
            },
            { type: "other", files: [payloadFileFromBytes("a", repetitiveBytes(300))] },
          ],
        },
        { compression, signer: signerFromPem(privateKeyPem) },
      ),
    );
});

describe.each(["none", "gz", "zst"])(
  "an artifact in %s that was changed anywhere",
  (compression) => {
    test.each([true, false])(
      "is refused, or still means the same (with a key: %s)",
      async (hasKey) => {
        const sample = samples[compression] ?? new Uint8Array(0);
        const options = hasKey && verifyKey !== undefined ? { verifyKeys: [verifyKey] } : {};
        const original = meaning(await inspectArtifact(chunked(sample), options));
        let refused = 0;

        await fc.assert(
          fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 2 }), async (changes) => {
            const changed = changes.reduce(
              (bytes, change) => (bytes.length === 0 ? bytes : mutate(bytes, change)),
              sample,
            );
            const memoryBefore = process.memoryUsage().arrayBuffers;
            const result = await inspectArtifact(chunked(changed, CHUNK_BYTES), options).catch(
              (error: unknown) => error,
            );
            expect(process.memoryUsage().arrayBuffers - memoryBefore).toBeLessThan(
              MEMORY_BYTES_MAX,
            );

            if (result instanceof ArtifactError) {
              refused += 1;
              return;
            }
            if (result instanceof Error) throw result;
            const summary = result as ArtifactSummary;
            expect(summary.sha256).toBe(sha256(changed));
            expect(meaning(summary)).toEqual(original);
            if (hasKey) expect(summary.head.signature).toEqual({ kind: "verified", keyIndex: 0 });
          }),
          { numRuns: RUNS },
        );
        expect(refused).toBeGreaterThan(RUNS / 2);
      },
    );
  },
);
