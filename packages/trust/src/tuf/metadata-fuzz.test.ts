import { nodeCrypto } from "@moult/node-crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import {
  MetadataFile,
  RootMetadata,
  SnapshotMetadata,
  TargetsMetadata,
  TimestampMetadata,
} from "./metadata.ts";
import {
  MemoryStore,
  PATH,
  moultRepository,
  openTestTrust,
  signedFile,
} from "./repository.fixture.ts";
import { openSigned, readSigned } from "./signed-file.ts";
import { TargetCustom, targetCustom } from "./target-custom.ts";
import { verificationKey } from "./tuf-key.ts";

const SCHEMAS = [RootMetadata, TimestampMetadata, SnapshotMetadata, TargetsMetadata] as const;
const RULES = new Set(["json-invalid", "metadata-invalid", "duplicate-signature"]);
const repository = moultRepository();
repository.hashes = true;
repository.publish();
const honest = new Map(repository.files);

/** Bytes of a real file, changed in one to four places, by bytes that JSON is made of more often than by others. */
const mutated = fc
  .record({
    file: fc.constantFrom(...honest.keys()),
    edits: fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.integer({ min: 0, max: 9 }),
        insert: fc.oneof(
          fc.constantFrom(
            "{",
            "}",
            "[",
            "]",
            '"',
            ",",
            ":",
            "-1",
            "1.5",
            "1e9",
            "null",
            '"__proto__":',
            "9".repeat(400),
            "\\u0000",
            "\\ud800",
            "{}",
            "[[[[",
          ),
          fc.string({ maxLength: 4, unit: "binary" }),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ file, edits }) => {
    let bytes = Buffer.from(honest.get(file) ?? []);
    for (const { at, remove, insert } of edits) {
      const from = at % (bytes.length + 1);
      const rest = bytes.subarray(from + remove);
      bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(insert), rest]);
    }
    return { file, bytes: new Uint8Array(bytes) };
  });

test("every reader takes any bytes: it reads them or names the rule that refuses them", () => {
  let read = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 9, arbitrary: mutated }, fc.record({ bytes: fc.uint8Array() })),
      ({ bytes }) => {
        const file = openSigned(bytes);
        if (file.kind === "failed") {
          refused += 1;
          expect(RULES).toContain(file.rule);
          return;
        }
        for (const schema of SCHEMAS) {
          const metadata = readSigned(file, schema);
          if (metadata.kind === "verified") read += 1;
          else expect(metadata.rule).toBe("metadata-invalid");
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(300);
});

test("a file that was changed anywhere is refused by name or taken as it was, and its place in the store is safe", async () => {
  await fc.assert(
    fc.asyncProperty(mutated, async ({ file, bytes }) => {
      repository.files.clear();
      for (const [name, honestBytes] of honest) repository.files.set(name, honestBytes);
      repository.files.set(file, bytes);
      const store = new MemoryStore();
      const trust = await openTestTrust(repository, store);
      const refreshed = await trust.refresh(repository.source());
      const answer =
        refreshed.kind === "fresh" ? await trust.target(repository.source(), PATH) : refreshed;

      if (answer.kind === "found") expect(answer.target.length).toBe(3);
      else
        expect(answer).toMatchObject({ kind: "refused", rule: expect.stringMatching(/^[a-z-]+$/) });
      repository.files.set(file, honest.get(file) ?? new Uint8Array());
      const later = await openTestTrust(repository, store);
      expect(await later.refresh(repository.source())).toEqual({ kind: "fresh" });
      expect(await later.target(repository.source(), PATH)).toMatchObject({ kind: "found" });
    }),
    { numRuns: 150 },
  );
});

const json = fc.jsonValue({ maxDepth: 4 });

test("readers of parsed values refuse what is not theirs without throwing", () => {
  fc.assert(
    fc.property(json, (value) => {
      for (const schema of [...SCHEMAS, MetadataFile, TargetCustom]) schema.safeParse(value);
      targetCustom({ custom: value });
      targetCustom({ custom: { moult: value } });
    }),
    { numRuns: 1_000 },
  );
});

test("a key of any text is usable or is none", () => {
  const text = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[0-9a-f]{62,66}$/),
    fc
      .base64String()
      .map((body) => `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`),
  );
  const kind = fc.constantFrom(
    "ed25519",
    "ecdsa",
    "rsa",
    "ecdsa-sha2-nistp256",
    "rsassa-pss-sha256",
    "ml-dsa-44",
  );
  fc.assert(
    fc.property(kind, kind, text, (keytype, scheme, material) => {
      const key = verificationKey({ keytype, scheme, keyval: { public: material } });
      if (key === undefined) return;
      const message = new Uint8Array(3);
      expect(nodeCrypto.verify(key.scheme, key.publicKey, message, new Uint8Array(64))).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test("junk of the largest size that a role may have is refused in a time that grows with its size alone", async () => {
  const unit = '{"a":[';
  const junk = [
    new Uint8Array(8 * 1024 * 1024).fill(0x5b),
    Buffer.from(unit.repeat(1_000_000)),
    Buffer.from(`"${"\\n".repeat(4_000_000)}"`),
    Buffer.from(`{${Array.from({ length: 400_000 }, (_, index) => `"k${index}":1`).join(",")}}`),
    signedFile({ keys: Array.from({ length: 300_000 }, (_, index) => index) }, []),
  ];
  for (const bytes of junk) {
    const startedMs = performance.now();
    const file = openSigned(bytes);
    if (file.kind === "opened") readSigned(file, TargetsMetadata);
    // A tenth of this on an idle machine; a quadratic reader would take minutes.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  }
});

test("what canonical JSON writes of any metadata is what its signature covers, byte for byte", () => {
  for (const bytes of honest.values()) {
    const file = openSigned(bytes);
    if (file.kind === "failed") throw new Error(file.detail);
    expect(canonicalJson(JSON.parse(Buffer.from(file.message).toString()))).toEqual(file.message);
  }
});
