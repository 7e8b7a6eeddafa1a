import type { OnlineKeys, TrustProposalId, TrustRole, TrustSignature } from "@moult/model";
import { named } from "@moult/signing";
import type { RootMetadata } from "@moult/trust";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PRODUCT, addProduct, asOperator, eventBodies } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { SignerClient } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { TestSigners, startSigner, testSigner } from "./test-trust.fixture.ts";

const ROLE = "gateway.prod";
const without = (root: object, name: string): object =>
  Object.fromEntries(Object.entries(root).filter(([key]) => key !== name));

describe.each(DIALECTS)("signatures and keys of proposals on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let signer: SignerClient;
  let endSigner: () => Promise<void>;
  let online: OnlineKeys;
  beforeAll(async () => {
    ({ signer, end: endSigner } = startSigner(store));
    online = await signer.onlineKeys();
  });
  afterAll(() => endSigner());

  interface Scene {
    readonly db: TenantDb;
    readonly signers: TestSigners;
  }

  async function emptyScene(): Promise<Scene> {
    const db = await store.newTenant();
    await addProduct(db);
    return { db, signers: new TestSigners(db, signer) };
  }

  /** Root and targets are published. */
  async function scene(): Promise<Scene> {
    const of = await emptyScene();
    await of.signers.setUp(PRODUCT, online);
    return of;
  }

  const proposalOf = (of: Scene, trustProposalId: TrustProposalId) =>
    of.signers.handlers.showTrustProposal(asOperator(of.db), {
      params: { trustProposalId },
      query: undefined,
      body: undefined,
    });

  const sign = (of: Scene, id: TrustProposalId, role: TrustRole, signatures: TrustSignature[]) =>
    of.signers.handlers.addTrustSignatures(asOperator(of.db), {
      params: { trustProposalId: id },
      query: undefined,
      body: { role, signatures },
    });
  const signedKinds = async (db: TenantDb) =>
    (await eventBodies(db)).filter((body) => (body as { change?: string }).change === "signed");

  test("only signatures that hold, by keys that may sign, are kept; sent again they change nothing", async () => {
    const of = await scene();
    const unsigned = await of.signers.roleFile([], 1, []);
    const other = await of.signers.roleFile([], 2);
    const id = await of.signers.propose({ [ROLE]: unsigned });
    const [good] = (await of.signers.sign(unsigned, of.signers.channelKeys[0]!)).signatures;
    const [stranger] = (await of.signers.sign(unsigned, testSigner())).signatures;
    const [root] = (await of.signers.sign(unsigned, of.signers.root[0]!)).signatures;
    const { keyid, sig } = good!;

    const HOSTILE: readonly (readonly [string, TrustSignature[]])[] = [
      ["is no key that may sign it", [stranger!]],
      ["is no key that may sign it", [root!]],
      ["is no key that may sign it", [good!, stranger!]],
      ["is no key that may sign it", [{ keyid: "__proto__", sig }]],
      ["is no key that may sign it", [{ keyid: "constructor", sig }]],
      ["does not hold", other.signatures],
      ["does not hold", [{ keyid, sig: "" }]],
      ["does not hold", [{ keyid, sig: "no hexadecimal" }]],
      ["does not hold", [{ keyid, sig: `00${sig.slice(2)}` }]],
      ["does not hold", [{ keyid, sig: `${sig}00` }]],
      ["does not hold", [{ keyid, sig: stranger!.sig }]],
    ];
    for (const [words, signatures] of HOSTILE)
      await expect(sign(of, id, ROLE, signatures)).rejects.toMatchObject({
        code: "trust-invalid",
        detail: expect.stringContaining(words),
      });
    expect((await proposalOf(of, id)).files[0]?.signatures).toEqual([]);
    expect(await signedKinds(of.db)).toHaveLength(0);

    for (const signatures of [[good!, good!], [good!]]) {
      const { files } = await sign(of, id, ROLE, signatures);
      expect(files[0]?.signatures).toMatchObject([{ keyid }]);
    }
    expect(await signedKinds(of.db)).toHaveLength(1);
    expect(await of.signers.publish(id)).toMatchObject({ state: "published" });
  });

  test("keys that the proposal itself brings may sign it, for root and for a channel", async () => {
    const of = await scene();
    const fresh = testSigner();
    of.signers.root[2] = fresh;
    of.signers.channelKeys = [testSigner()];
    const id = await of.signers.propose({
      root: await of.signers.rootFile(online, 2, of.signers.root.slice(0, 2)),
      targets: await of.signers.targetsFile(PRODUCT, 2),
      [ROLE]: await of.signers.roleFile([], 1),
    });
    const [bySelf] = (await of.signers.sign(await rootOf(of, id), fresh)).signatures.slice(-1);
    await sign(of, id, "root", [bySelf!]);
    expect(await of.signers.publish(id)).toMatchObject({ state: "published" });
  });

  const rootOf = async (of: Scene, id: TrustProposalId) =>
    (await proposalOf(of, id)).metadata.find(({ role }) => role === "root")!.metadata;

  const ROOTS: readonly (readonly [
    why: string,
    words: string,
    change: (root: RootMetadata) => unknown,
  ])[] = [
    [
      "names no instruction keys",
      "x-moult-instruction must name the keys",
      (root) => without(root, "x-moult-instruction"),
    ],
    [
      "has another instruction key",
      "for instruction, and root does not name it",
      (root) => ({ ...root, "x-moult-instruction": { keyids: root.roles.root.keyids } }),
    ],
    [
      "has another snapshot key",
      "for snapshot, and root does not name it",
      (root) => ({ ...root, roles: { ...root.roles, snapshot: root.roles.targets } }),
    ],
    [
      "has another timestamp key under the same name",
      "for timestamp, and root does not name it",
      (root) => ({
        ...root,
        keys: { ...root.keys, [online.timestamp.keyid]: testSigner().key },
      }),
    ],
    [
      "wants more signatures than the signer has keys",
      "timestamp needs 2 signatures",
      (root) => ({
        ...root,
        roles: {
          ...root.roles,
          timestamp: { ...root.roles.timestamp, threshold: 2 },
        },
      }),
    ],
    ["is no root", "root: roles", (root) => without(root, "roles")],
  ];
  test.each(ROOTS)("a root that %s is not even proposed", async (_, words, change) => {
    const of = await emptyScene();
    const { signed } = await of.signers.rootFile(online, 1, []);
    const root = { signatures: [], signed: change(signed as RootMetadata) as never };
    await expect(
      of.signers.propose({ root, targets: await of.signers.targetsFile(PRODUCT) }),
    ).rejects.toMatchObject({
      code: "trust-invalid",
      detail: expect.stringContaining(words),
    });
  });

  test("a root that was right when it was proposed is neither signed nor published for a signer with other keys", async () => {
    const of = await emptyScene();
    const half = await of.signers.rootFile(online, 1, of.signers.root.slice(0, 1));
    const id = await of.signers.propose({
      root: half,
      targets: await of.signers.targetsFile(PRODUCT),
    });
    const other = testSigner();
    const moved = new TestSigners(of.db, {
      notePublished: (tenantId) => signer.notePublished(tenantId),
      renew: (tenantId, what) => signer.renew(tenantId, what),
      onlineKeys: async () => ({ ...online, instruction: named(other.key) }),
    });
    const refusal = {
      code: "trust-invalid",
      detail: expect.stringContaining(`the key ${other.keyid} for instruction`),
    };
    const { signatures } = await of.signers.sign(half, of.signers.root[1]!);
    await expect(sign({ ...of, signers: moved }, id, "root", signatures)).rejects.toMatchObject(
      refusal,
    );
    await expect(moved.publish(id)).rejects.toMatchObject(refusal);
  });

  test("the signer holds on to the root that was published, whatever the tables say a moment later", async () => {
    const of = await scene();
    const stolen = new TestSigners(of.db, signer);
    await of.db.transaction(async ({ kysely, tenantId }) => {
      await kysely
        .updateTable("trust_file")
        .set({ content: JSON.stringify(await stolen.rootFile(online)) })
        .where("tenant_id", "=", tenantId)
        .where("role", "=", "root")
        .execute();
    });
    expect(await signer.renew(of.db.tenantId, "published")).toMatchObject({
      kind: "refused",
      reason: "the first root is not the one that this signer knows",
    });
  });
});
