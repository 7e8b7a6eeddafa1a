import { HOUR_MS, utf8 } from "@moult/base";
import type { Artifact, OnlineKeys, Release } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { openTrust, type Trust, type TrustSource } from "@moult/trust";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  PRODUCT,
  addProduct,
  asOperator,
  eventBodies,
  planningEpoch,
} from "../devices/test-fleet.fixture.ts";
import { ApiError } from "../platform/api-error.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { SignerClient } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import {
  artifactBytes,
  collect,
  testReleases,
  type TestReleases,
} from "../releases/test-releases.fixture.ts";
import { createTrustTender, publishedTrustFile } from "./index.ts";
import {
  TestSigners,
  memoryStore,
  startSigner,
  targetOf,
  testSigner,
  wallClock,
} from "./test-trust.fixture.ts";

describe.each(DIALECTS)("publishing signed metadata on %s", (dialect) => {
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

  interface Scene {
    readonly db: TenantDb;
    readonly signers: TestSigners;
    readonly release: Release;
    readonly artifact: Artifact;
  }

  /** A tenant with an artifact, and signers who have not begun. */
  async function scene(): Promise<Scene> {
    const db = await store.newTenant();
    await addProduct(db);
    const { release, artifact } = await releases.upload(db, await artifactBytes());
    return { db, signers: new TestSigners(db, signer), release, artifact };
  }

  async function sceneWithRole(): Promise<Scene> {
    const of = await scene();
    await of.signers.setUp(PRODUCT, online);
    await of.signers.proposeAndPublish({
      "gateway.prod": await of.signers.roleFile([targetOf(of.artifact, of.release.version)]),
    });
    return of;
  }

  /** What a device of the tenant sees. */
  const sourceOf = (db: TenantDb): TrustSource => ({
    fetch: async (file) => {
      try {
        const reply = await publishedTrustFile(db, file);
        return await collect(await reply.open({ start: 0, end: reply.sizeBytes }));
      } catch (error) {
        if (error instanceof ApiError && error.code === "not-found") return undefined;
        throw error;
      }
    },
  });

  async function device(db: TenantDb): Promise<Trust> {
    const provisionedRoot = await sourceOf(db).fetch("1.root.json", 1e6);
    return openTrust({
      store: memoryStore(),
      provisionedRoot: provisionedRoot ?? utf8(""),
      crypto: nodeCrypto,
      clock: wallClock,
    });
  }

  const show = (of: Scene) =>
    of.signers.handlers.showTrust(asOperator(of.db), {
      params: undefined,
      query: undefined,
      body: undefined,
    });

  test("what offline keys signed is what a device finds, and waiting devices are decided anew", async () => {
    const of = await scene();
    expect(await show(of)).toMatchObject({ state: "none", repository: null, roles: [] });
    const epoch = await planningEpoch(of.db);
    await of.signers.setUp(PRODUCT, online);
    const published = await of.signers.proposeAndPublish({
      "gateway.prod": await of.signers.roleFile([targetOf(of.artifact, of.release.version)]),
    });

    expect(published).toMatchObject({ state: "published" });
    expect(await planningEpoch(of.db)).toBeGreaterThan(epoch);
    const trust = await device(of.db);
    expect(await trust.refresh(sourceOf(of.db))).toEqual({ kind: "fresh" });
    expect(await trust.target(sourceOf(of.db), of.artifact.path)).toMatchObject({
      kind: "found",
      role: "gateway.prod",
      target: { length: of.artifact.sizeBytes, hashes: { sha256: of.artifact.sha256 } },
    });
    expect(await show(of)).toMatchObject({
      state: "ready",
      repository: { rootVersion: 1 },
      roles: [
        {
          name: "gateway.prod",
          product: PRODUCT,
          channel: "prod",
          version: 1,
          targetCount: 1,
          threshold: 1,
        },
        { name: "root", version: 1, threshold: 2, isOnline: false, warning: null },
        { name: "snapshot", keyids: [online.snapshot.keyid], isOnline: true },
        { name: "targets", version: 1 },
        { name: "timestamp", keyids: [online.timestamp.keyid], isOnline: true },
      ],
      onlineKeys: [
        { use: "snapshot", isInRoot: true },
        { use: "timestamp", isInRoot: true },
        { use: "instruction", isInRoot: true },
      ],
      openProposals: 0,
    });
    const kinds = (await eventBodies(of.db)).map((body) => (body as { kind: string }).kind);
    expect(kinds.filter((kind) => kind.startsWith("trust-"))).toEqual([
      "trust-proposal-changed",
      "trust-initialised",
      "trust-proposal-changed",
      "trust-proposal-changed",
      "trust-proposal-changed",
    ]);
  });

  test("a proposal waits until enough keys have signed it, and goes on where it stood", async () => {
    const of = await scene();
    const [first, second] = of.signers.root;
    const targets = await of.signers.targetsFile(PRODUCT);
    const half = await of.signers.rootFile(online, 1, [first!]);
    const id = await of.signers.propose({ root: half, targets });
    await expect(of.signers.publish(id)).rejects.toMatchObject({
      code: "trust-invalid",
      detail: expect.stringContaining("threshold-not-met"),
    });
    expect(await show(of)).toMatchObject({ state: "none", openProposals: 1 });

    const signedByBoth = await of.signers.sign(half, second!);
    await of.signers.handlers.addTrustSignatures(asOperator(of.db), {
      params: { trustProposalId: id },
      query: undefined,
      body: { role: "root", signatures: signedByBoth.signatures },
    });
    expect(await of.signers.publish(id)).toMatchObject({ state: "published" });
  });

  const REFUSED: readonly (readonly [
    why: string,
    words: string,
    propose: (of: Scene) => Promise<unknown>,
  ])[] = [
    [
      "a channel signed by a stranger",
      "is no key that may sign it",
      async ({ signers, artifact, release }) =>
        signers.proposeAndPublish({
          "gateway.prod": await signers.roleFile([targetOf(artifact, release.version)], 2, [
            testSigner(),
          ]),
        }),
    ],
    [
      "an artifact that is not here",
      "there is no artifact",
      async ({ signers, artifact, release }) =>
        signers.proposeAndPublish({
          "gateway.prod": await signers.roleFile(
            [
              {
                ...targetOf(artifact, release.version),
                path: `gateway/prod/v1/${"0".repeat(64)}.mender`,
              },
            ],
            2,
          ),
        }),
    ],
    [
      "another length",
      "bytes",
      async ({ signers, artifact, release }) =>
        signers.proposeAndPublish({
          "gateway.prod": await signers.roleFile(
            [{ ...targetOf(artifact, release.version), length: artifact.sizeBytes + 1 }],
            2,
          ),
        }),
    ],
    [
      "another digest",
      "another SHA-256",
      async ({ signers, artifact, release }) =>
        signers.proposeAndPublish({
          "gateway.prod": await signers.roleFile(
            [{ ...targetOf(artifact, release.version), hashes: { sha256: "0".repeat(64) } }],
            2,
          ),
        }),
    ],
    [
      "no word on what it is for",
      "does not say what it is for",
      async ({ signers, artifact, release }) =>
        signers.proposeAndPublish({
          "gateway.prod": await signers.roleFile(
            [{ ...targetOf(artifact, release.version), custom: {} }],
            2,
          ),
        }),
    ],
    [
      "a version again",
      "The next version of gateway.prod is 2",
      async ({ signers }) =>
        signers.proposeAndPublish({ "gateway.prod": await signers.roleFile([], 1) }),
    ],
    [
      "a root that leaves one out",
      "The next version of root is 2",
      async ({ signers }) => signers.proposeAndPublish({ root: await signers.rootFile(online, 3) }),
    ],
    [
      "a role that nobody delegates to",
      "targets does not delegate to it",
      async ({ signers }) =>
        signers.proposeAndPublish({ "gateway.dev": await signers.roleFile([], 1, []) }),
    ],
    [
      "targets with a target of its own",
      "lists no artifact itself",
      async ({ signers, artifact, release }) => {
        const { path, ...target } = targetOf(artifact, release.version);
        return signers.proposeAndPublish({
          targets: await signers.targetsFile(PRODUCT, 2, (metadata) => ({
            ...metadata,
            targets: { [path]: target },
          })),
        });
      },
    ],
    [
      "a delegation beyond its channel",
      "have the one path gateway/prod/*/*",
      async ({ signers }) =>
        signers.proposeAndPublish({
          targets: await signers.targetsFile(PRODUCT, 2, (metadata) => ({
            ...metadata,
            delegations: {
              ...metadata.delegations,
              roles: metadata.delegations?.roles?.map((role) => ({ ...role, paths: ["*/*/*/*"] })),
            },
          })),
        }),
    ],
    [
      "a delegation for a product that is not there",
      'there is no product "router"',
      async ({ signers }) =>
        signers.proposeAndPublish({ targets: await signers.targetsFile("router" as never, 2) }),
    ],
    [
      "a snapshot",
      "made by the server's signer",
      async ({ signers }) => signers.propose({ snapshot: await signers.roleFile([], 1) }),
    ],
  ];
  test.each(REFUSED)("%s is refused, and nothing is left of it", async (_, words, propose) => {
    const of = await sceneWithRole();
    const before = await show(of);
    await expect(propose(of)).rejects.toMatchObject({
      code: "trust-invalid",
      detail: expect.stringContaining(words),
    });

    const { openProposals, ...after } = await show(of);
    expect({ ...before, openProposals: 0 }).toEqual({ ...after, openProposals: 0 });
    expect(openProposals).toBeLessThanOrEqual(1);
    const trust = await device(of.db);
    expect(await trust.refresh(sourceOf(of.db))).toEqual({ kind: "fresh" });
    expect(await trust.target(sourceOf(of.db), of.artifact.path)).toMatchObject({ kind: "found" });
  });

  test("online metadata is made anew at half of its life, in growing versions, by one of several servers", async () => {
    const of = await sceneWithRole();
    const versionsOf = async () =>
      Object.fromEntries((await show(of)).roles.map(({ name, version }) => [name, version]));
    const before = await versionsOf();
    const later = (hours: number) =>
      createTrustTender({
        clock: { now: () => (wallClock.now() + hours * HOUR_MS) as never },
        signer,
        log: silentLog,
      });
    await later(30).tend(of.db);
    expect(await versionsOf()).toEqual(before);

    await Promise.all([later(40).tend(of.db), later(40).tend(of.db)]);
    const after = await versionsOf();
    expect(after["timestamp"]).toBeGreaterThan(before["timestamp"] ?? 0);
    expect(after).toEqual({ ...before, timestamp: after["timestamp"] });
    const trust = await device(of.db);
    expect(await trust.refresh(sourceOf(of.db))).toEqual({ kind: "fresh" });
  });

  test("the end of a role is said in steps, each once, and its devices are decided anew when it has come", async () => {
    const of = await sceneWithRole();
    const said = async () =>
      (await eventBodies(of.db)).filter(
        (body) => (body as { kind: string }).kind === "trust-role-expiring",
      );
    const tendIn = (days: number) =>
      createTrustTender({
        clock: { now: () => (wallClock.now() + days * 24 * HOUR_MS) as never },
        signer: { renew: () => Promise.resolve({ kind: "refused", reason: "no" }) },
        log: silentLog,
      }).tend(of.db);
    await Promise.all([tendIn(0), tendIn(0)]);
    await tendIn(0);
    expect(await said()).toMatchObject([{ role: "gateway.prod", warning: "expires-7d" }]);

    const epoch = await planningEpoch(of.db);
    await tendIn(2);
    await tendIn(2);
    expect(await said()).toMatchObject([
      { warning: "expires-7d" },
      { role: "gateway.prod", warning: "expired" },
    ]);
    expect(await planningEpoch(of.db)).toBe(epoch + 1);
  });

  test("tables that were set back are not signed for, so no device is set back", async () => {
    const of = await sceneWithRole();
    expect(await signer.renew(of.db.tenantId, "published")).toMatchObject({ kind: "renewed" });
    await of.db.transaction(async ({ kysely, tenantId }) => {
      await kysely
        .deleteFrom("trust_file")
        .where("tenant_id", "=", tenantId)
        .where("role", "=", "gateway.prod")
        .execute();
    });
    expect(await signer.renew(of.db.tenantId, "published")).toMatchObject({
      kind: "refused",
      reason: "gateway.prod is at version 0 and was at 1",
    });
  });

  test("a server that died while it published gives the proposal back", async () => {
    const of = await sceneWithRole();
    const dying = new TestSigners(of.db, {
      onlineKeys: () => signer.onlineKeys(),
      notePublished: (tenantId) => signer.notePublished(tenantId),
      renew: async (tenantId, what) => {
        await signer.renew(tenantId, what);
        return new Promise(() => undefined);
      },
    });
    const id = await of.signers.propose({ "gateway.prod": await of.signers.roleFile([], 2) });
    void dying.publish(id);
    await expect.poll(async () => (await proposalOf(of, id)).state).toBe("publishing");

    let now = wallClock.now();
    const tender = createTrustTender({ clock: { now: () => now }, signer, log: silentLog });
    await tender.tend(of.db);
    expect(await proposalOf(of, id)).toMatchObject({ state: "publishing" });
    now = (now + 2 * 60_000) as never;
    await tender.tend(of.db);
    expect(await proposalOf(of, id)).toMatchObject({ state: "open" });
    expect(await signer.renew(of.db.tenantId, "published")).toMatchObject({ kind: "renewed" });
    expect(await of.signers.publish(id)).toMatchObject({ state: "published" });
    expect(await (await device(of.db)).refresh(sourceOf(of.db))).toEqual({ kind: "fresh" });
  });

  const proposalOf = (of: Scene, trustProposalId: Awaited<ReturnType<TestSigners["propose"]>>) =>
    of.signers.handlers.showTrustProposal(asOperator(of.db), {
      params: { trustProposalId },
      query: undefined,
      body: undefined,
    });
});
