import { HOUR_MS, instant } from "@moult/base";
import type { Artifact, OnlineKeys, Release } from "@moult/model";
import type { SignedTerms } from "@moult/planner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { artifactsFor } from "../deployments/artifact-facts-queries.ts";
import { PRODUCT, addProduct } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { SignerClient } from "../platform/signer-client.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  artifactBytes,
  testReleases,
  type TestReleases,
} from "../releases/test-releases.fixture.ts";
import {
  TestSigners,
  startSigner,
  targetOf,
  wallClock,
  type TargetFields,
} from "./test-trust.fixture.ts";

describe.each(DIALECTS)("what signers allow a release for, on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let signer: SignerClient;
  let endSigner: () => Promise<void>;
  let releases: TestReleases;
  let online: OnlineKeys;
  beforeAll(async () => {
    ({ signer, end: endSigner } = startSigner(store));
    releases = await testReleases(store.database);
    online = await signer.onlineKeys();
  });
  afterAll(async () => {
    await endSigner();
    await releases.remove();
  });

  const termsOf = async (db: TenantDb, { id }: Release): Promise<SignedTerms | null | undefined> =>
    (await artifactsFor(db, [id], undefined, wallClock.now())).get(id)?.[0]?.terms;

  const target = (artifact: Artifact, release: Release, terms: object): TargetFields => {
    const plain = targetOf(artifact, release.version);
    const { moult } = plain.custom as { moult: object };
    return { ...plain, custom: { moult: { ...moult, ...terms } } };
  };

  test("is kept as it was signed, follows what is signed next, and ends with the listing", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const { release, artifact } = await releases.upload(db, await artifactBytes());
    const signers = new TestSigners(db, signer);
    await signers.setUp(PRODUCT, online);
    expect(await termsOf(db, release)).toBeNull();

    const at = instant(wallClock.now() + HOUR_MS);
    const notBefore = { at, text: new Date(at).toISOString() };
    const conflicts = { "rootfs-image.version": ["0.8", "0.9"] };
    const first = target(artifact, release, {
      securityCounter: 7,
      conflicts,
      minAgent: "1.10",
      notBefore: notBefore.text,
    });
    await signers.proposeAndPublish({ "gateway.prod": await signers.roleFile([first]) });
    expect(await termsOf(db, release)).toEqual({
      securityCounter: 7,
      conflicts,
      minAgent: "1.10",
      notBefore,
    });

    const next = target(artifact, release, { securityCounter: 8 });
    await signers.proposeAndPublish({ "gateway.prod": await signers.roleFile([next], 2) });
    expect(await termsOf(db, release)).toEqual({
      securityCounter: 8,
      conflicts: {},
      minAgent: null,
      notBefore: null,
    });

    await signers.proposeAndPublish({ "gateway.prod": await signers.roleFile([], 3) });
    expect(await termsOf(db, release)).toBeNull();
  });
});
