import { generateKeyPairSync, hash, sign, type KeyObject } from "node:crypto";
import { MINUTE_MS, instant, utf8, type InstantMs } from "@moult/base";
import { RECEIPT_PAYLOAD_TYPE, runningDigest, type Receipt } from "@moult/device-protocol";
import { Sha256, type DeviceEvidence, type DeviceId } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  AUDIT_CHAIN_START,
  auditBlock,
  encodeEnvelope,
  eventDigest,
  preAuthenticationEncoding,
} from "@moult/trust";
import { describe, expect, test, vi } from "vitest";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  clockAt,
  deploy,
  finished,
  report,
} from "../deployments/fleet.fixture.ts";
import { asOperator, eventBodies } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { appendEvent, eventTextsAfter } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import { createAuditTender, createEvidenceHandlers, recordReceipt } from "./index.ts";

const running = { artifactName: "2.0", provides: {} };

function envelopeOf(receipt: unknown, key: KeyObject, type = RECEIPT_PAYLOAD_TYPE): string {
  const payload = utf8(JSON.stringify(receipt));
  const signature = sign(null, preAuthenticationEncoding(type, payload), key);
  return encodeEnvelope(type, payload, [{ keyid: "", signature }]);
}

describe.each(DIALECTS)("evidence on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  /** A device that finished its update, its key, and the receipt that it would send. */
  async function updated() {
    const db = await store.newTenant();
    await addProduct(db);
    const [deviceId] = (await addDevices(db, [1])) as [DeviceId];
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const der = publicKey.export({ type: "spki", format: "der" });
    await db.transaction(async ({ kysely, tenantId }) => {
      await kysely
        .insertInto("device_key")
        .values({
          fingerprint: hash("sha256", der) as Sha256,
          tenant_id: tenantId,
          device_id: deviceId,
          public_key: der.toString("base64"),
          state: "accepted",
          created_at: TEST_NOW,
        })
        .execute();
    });
    const deployment = await deploy(db, await addRelease(db, "2.0"));
    const plan = await checkIn(db, deviceId);
    if (plan.kind !== "install") throw new Error("the device gets the release");
    await report(db, deviceId, plan, [finished("succeeded", "2.0")]);
    const { assignmentId, attempt } = plan.offer;
    const { path, sha256, sizeBytes } = plan.offer.artifact;
    const receipt: Receipt = {
      type: "receipt",
      tenantId: db.tenantId,
      deviceId,
      assignmentId,
      deploymentId: deployment.id,
      attempt,
      outcome: "succeeded",
      artifactName: "2.0",
      path,
      sizeBytes,
      sha256,
      generation: 1,
      instructionSha256: Sha256.parse("ab".repeat(32)),
      rootVersion: 1,
      role: "gw2.prod",
      roleVersion: 1,
      securityCounter: 0,
      running: { artifactName: "2.0", digest: runningDigest(running, nodeCrypto) },
      finishedAtMs: TEST_NOW,
    };
    const record = (envelope: string) =>
      db.transaction((inner) =>
        recordReceipt(
          inner,
          { deviceId, assignmentId, attempt, outcome: "succeeded", running, envelope },
          TEST_NOW,
        ),
      );
    return { db, deviceId, receipt, privateKey, record };
  }

  const handlersAt = (at: InstantMs) => createEvidenceHandlers({ clock: clockAt(at) });
  const receiptsOf = (db: TenantDb, deviceId: DeviceId) =>
    handlersAt(TEST_NOW).listDeviceReceipts(asOperator(db), {
      params: { deviceId },
      query: { limit: 50 },
      body: undefined,
    });
  const evidenceOf = (db: TenantDb, deviceId: DeviceId): Promise<DeviceEvidence> =>
    handlersAt(TEST_NOW).exportDeviceEvidence(asOperator(db), {
      params: { deviceId },
      query: undefined,
      body: undefined,
    });
  /**
   * PostgreSQL calls an event settled when every transaction that began before it has ended, in whichever database: those of
   * other tests too.
   */
  const settled = (db: TenantDb) =>
    vi.waitFor(
      async () => {
        const { count } = await db.kysely
          .selectFrom("event")
          .select(({ fn }) => fn.countAll<number>().as("count"))
          .where("tenant_id", "=", db.tenantId)
          .executeTakeFirstOrThrow();
        expect(await eventTextsAfter(db, 0, 1_000)).toHaveLength(Number(count));
      },
      { timeout: 20_000 },
    );
  const sealAt = async (db: TenantDb, at: InstantMs) => {
    await settled(db);
    await createAuditTender({ clock: clockAt(at) }).tend(db);
  };

  test("a receipt is kept as it came, once, and proves what was reported", async () => {
    const { db, deviceId, receipt, privateKey, record } = await updated();
    const envelope = envelopeOf(receipt, privateKey);
    await record(envelope);
    await record(envelopeOf({ ...receipt, outcome: "failed" }, privateKey));

    expect(await receiptsOf(db, deviceId)).toMatchObject({
      items: [{ envelope, problem: null, outcome: "succeeded", attempt: 1 }],
    });
  });

  const other = generateKeyPairSync("ed25519").privateKey;
  const BAD: readonly (readonly [
    problem: string,
    change: Partial<Record<keyof Receipt, unknown>>,
  ])[] = [
    ["other-tenant", { tenantId: "0198c0de-0001-7000-8000-000000000009" }],
    ["other-device", { deviceId: "0198c0de-0001-7000-8000-000000000009" }],
    ["other-assignment", { assignmentId: "0198c0de-0001-7000-8000-000000000009" }],
    ["other-deployment", { deploymentId: "0198c0de-0001-7000-8000-000000000009" }],
    ["other-attempt", { attempt: 2 }],
    ["other-outcome", { outcome: "failed" }],
    ["other-release", { artifactName: "3.0" }],
    ["other-artifact", { sha256: "00".repeat(32) }],
    ["other-running", { running: { artifactName: "2.0", digest: "00".repeat(32) } }],
    ["receipt-malformed", { generation: "one" }],
  ];
  test.each(BAD)(
    "a receipt with %s is kept, said to prove nothing, and refuses nothing",
    async (problem, change) => {
      const { db, deviceId, receipt, privateKey, record } = await updated();
      await record(envelopeOf({ ...receipt, ...change }, privateKey));

      expect(await receiptsOf(db, deviceId)).toMatchObject({ items: [{ problem }] });
      expect(await eventBodies(db, deviceId)).toContainEqual({
        kind: "receipt-invalid",
        attempt: 1,
        problem,
      });
    },
  );

  test.each([
    ["signature-invalid", RECEIPT_PAYLOAD_TYPE, other],
    ["wrong-payload-type", "application/json", undefined],
  ] as const)("an envelope is judged before what is in it: %s", async (problem, type, key) => {
    const { db, deviceId, receipt, privateKey, record } = await updated();
    await record(envelopeOf(receipt, key ?? privateKey, type));
    expect(await receiptsOf(db, deviceId)).toMatchObject({ items: [{ problem }] });
  });

  test("events are sealed in their order after a while, once by however many servers, and the chain holds", async () => {
    const { db, deviceId, receipt, privateKey, record } = await updated();
    await record(envelopeOf(receipt, privateKey));
    await sealAt(db, TEST_NOW);
    expect(await evidenceOf(db, deviceId)).toMatchObject({ audit: { blocks: [] } });

    const later = instant(TEST_NOW + 2 * MINUTE_MS);
    await Promise.all([sealAt(db, later), sealAt(db, later)]);
    await db.transaction((inner) =>
      appendEvent(inner, { at: later, body: { kind: "product-changed", product: "gw2" as never } }),
    );
    await sealAt(db, instant(later + 2 * MINUTE_MS));
    const evidence = await evidenceOf(db, deviceId);

    expect(evidence.receipts).toHaveLength(1);
    expect(evidence.events.map(({ text }) => (JSON.parse(text) as unknown[])[5])).toEqual(
      expect.arrayContaining([
        expect.stringContaining('"deployment-created"'),
        expect.stringContaining('"assignment-closed"'),
      ]),
    );
    const { blocks, previousSha256 } = evidence.audit;
    expect(previousSha256).toBe(AUDIT_CHAIN_START);
    expect(blocks.map(({ number, eventDigests }) => [number, eventDigests !== null])).toEqual([
      [1, true],
      [2, false],
    ]);
    const [first, second] = blocks;
    expect(auditBlock(previousSha256, first?.eventDigests ?? [], nodeCrypto)).toEqual({
      eventsSha256: first?.eventsSha256,
      sha256: first?.sha256,
    });
    for (const { text, block } of evidence.events) {
      expect(block).toBe(1);
      expect(first?.eventDigests).toContain(eventDigest(text, nodeCrypto));
    }
    expect(second?.count).toBe(1);
  });

  test("a history that somebody changed no longer fits its chain", async () => {
    const { db, deviceId, receipt, privateKey, record } = await updated();
    await record(envelopeOf(receipt, privateKey));
    await sealAt(db, instant(TEST_NOW + 2 * MINUTE_MS));
    await db.transaction(async ({ kysely, tenantId }) => {
      await kysely
        .updateTable("event")
        .set({ body: '{"kind":"deployment-created","version":"2.0","by":"Eve"}' })
        .where("tenant_id", "=", tenantId)
        .where("kind", "=", "deployment-created")
        .execute();
    });

    const { audit } = await evidenceOf(db, deviceId);
    const [block] = audit.blocks;
    expect(
      auditBlock(audit.previousSha256, block?.eventDigests ?? [], nodeCrypto).eventsSha256,
    ).not.toBe(block?.eventsSha256);
  });
});
