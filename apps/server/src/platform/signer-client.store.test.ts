import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import type {
  ArtifactId,
  AssignmentId,
  DeploymentId,
  DeviceId,
  ReleaseId,
  TenantId,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { verifyInstruction, type Instruction } from "@moult/trust";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestSigners } from "../trust/test-trust.fixture.ts";
import { DIALECTS } from "./dialect.ts";
import { newId } from "./new-id.ts";
import { SignerClient } from "./signer-client.ts";
import type { TenantDb } from "./tenant-db.ts";
import { TEST_NOW, silentLog, useTestDatabase } from "./test-database.fixture.ts";

const NONCE = "bm9uY2Utb2YtMTYtYnl0ZXM=";
const SHA256 = "ab".repeat(32);

interface Offer {
  readonly tenantId: TenantId;
  readonly deviceId: DeviceId;
  readonly assignmentId: AssignmentId;
  readonly deploymentId: DeploymentId;
}

/** The rows that justify one offer, as the server writes them. */
async function insertOffer(db: TenantDb): Promise<Offer> {
  const { tenantId: tenant_id } = db;
  const deviceId = newId<DeviceId>();
  const assignmentId = newId<AssignmentId>();
  const deploymentId = newId<DeploymentId>();
  const releaseId = newId<ReleaseId>();
  const artifactId = newId<ArtifactId>();
  const at = TEST_NOW;
  const json = "{}";
  await db.transaction(async ({ kysely }) => {
    await kysely
      .insertInto("product")
      .values({
        tenant_id,
        name: "gw2" as never,
        title: "",
        require_signature: 0,
        artifact_keys: "[]",
        created_at: at,
      })
      .execute();
    await kysely
      .insertInto("device")
      .values({
        id: deviceId,
        tenant_id,
        product: "gw2" as never,
        hardware_type: "gw2" as never,
        name: null,
        identity: json,
        identity_sha256: SHA256 as never,
        search_text: "",
        state: "accepted",
        draw: 1,
        credential_epoch: 0,
        identity_conflict_at: null,
        instance_id: null,
        previous_instance_id: null,
        traits: null,
        running_artifact: null,
        running_provides: null,
        running_sha256: null,
        inventory_sha256: null,
        generation: 0,
        decided_epoch: 0,
        next_decision_at: null,
        open_assignment_id: assignmentId,
        enrolled_at: at,
        accepted_at: at,
        last_seen_at: null,
      })
      .execute();
    await kysely
      .insertInto("release")
      .values({
        id: releaseId,
        tenant_id,
        product: "gw2" as never,
        channel: "prod" as never,
        version: "2.0" as never,
        notes: "",
        created_at: at,
      })
      .execute();
    await kysely
      .insertInto("artifact")
      .values({
        id: artifactId,
        tenant_id,
        release_id: releaseId,
        path: "gw2/prod/2.0/a.mender",
        sha256: SHA256 as never,
        size_bytes: 5_120,
        head_sha256: SHA256 as never,
        hardware_types: "[]",
        depends: json,
        provides: json,
        clears_provides: "[]",
        payloads: "[]",
        scripts: "[]",
        signature: "unsigned",
        created_at: at,
      })
      .execute();
    await kysely
      .insertInto("deployment")
      .values({
        id: deploymentId,
        tenant_id,
        number: 1,
        name: "d",
        product: "gw2" as never,
        release_id: releaseId,
        version: "2.0" as never,
        target_kind: "all",
        target_group_id: null,
        plan: json,
        state: "running",
        stage: 0,
        salt: 1,
        trip: null,
        waived: null,
        stage_opened_at: 0,
        admitted: 1,
        open: 1,
        succeeded: 0,
        already_running: 0,
        failed: 0,
        rolled_back: 0,
        rejected: 0,
        timed_out: 0,
        silent: 0,
        aborted: 0,
        created_by: "test",
        created_at: at,
        finished_at: null,
      })
      .execute();
    await kysely
      .insertInto("assignment")
      .values({
        id: assignmentId,
        tenant_id,
        number: 1,
        deployment_id: deploymentId,
        device_id: deviceId,
        artifact_id: artifactId,
        stage: 0,
        state: "offered",
        attempt: 1,
        event_sequence: 0,
        progress_percent: null,
        outcome: null,
        code: null,
        detail: null,
        offered_at: at,
        updated_at: at,
        closed_at: null,
      })
      .execute();
  });
  return { tenantId: tenant_id, deviceId, assignmentId, deploymentId };
}

function instructionOf(offer: Offer, changed: Partial<Instruction> = {}): Instruction {
  const issuedAtMs = Date.now();
  return {
    type: "instruction",
    tenantId: offer.tenantId,
    deviceId: offer.deviceId,
    nonce: NONCE,
    generation: 1,
    issuedAtMs,
    expiresAtMs: issuedAtMs + 3_600_000,
    action: {
      kind: "install",
      assignmentId: offer.assignmentId,
      deploymentId: offer.deploymentId,
      attempt: 1,
      artifactName: "2.0",
      components: [
        { name: "main", path: "gw2/prod/2.0/a.mender", sizeBytes: 5_120, sha256: SHA256 as never },
      ],
    },
    ask: [],
    checkInSeconds: 60,
    ...changed,
  };
}

function withAction(offer: Offer, changed: object): Instruction {
  const good = instructionOf(offer);
  return { ...good, action: { ...good.action, ...changed } as Instruction["action"] };
}

/** Polls until `condition` holds; the test's own timeout ends it. */
async function until<T>(condition: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.each(DIALECTS)("the signer process on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  let folder: string;
  let signer: SignerClient;
  let offer: Offer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "moult-signer-"));
    offer = await insertOffer(await store.newTenant());
    const { place } = store;
    signer = new SignerClient({
      keyFolder: join(folder, "signer"),
      database: place.kind === "sqlite" ? place.path : place.url,
      installsPerMinute: 600,
      log: silentLog,
      random: seededRandom(1),
    });
  });
  afterAll(async () => {
    await signer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const policy = async () => {
    const [pem] = await signer.publicKeys();
    return {
      keys: [
        {
          scheme: "ed25519" as const,
          publicKey: createPublicKey(present(pem, "a key")).export({ format: "der", type: "spki" }),
        },
      ],
      tenantId: offer.tenantId,
      deviceId: offer.deviceId,
      nonce: NONCE,
      generation: 0,
      pathPrefix: "gw2/prod/",
    };
  };

  test("an offer that the tables justify is signed, and a device verifies it", async () => {
    const instruction = instructionOf(offer);

    const envelope = await signer.sign(instruction);

    expect(verifyInstruction(envelope, await policy(), nodeCrypto)).toMatchObject({
      kind: "verified",
      instruction,
    });
  });

  test("once a tenant has a root of trust, no install outside it is signed, whatever the tables say later", async () => {
    const db = await store.newTenant();
    const ofTenant = await insertOffer(db);
    await signer.sign(instructionOf(ofTenant));
    const signers = new TestSigners(db, signer);
    await signers.setUp("gw2" as never, await signer.onlineKeys());
    await signers.proposeAndPublish({ "gw2.prod": await signers.roleFile([]) });
    await expect(signer.sign(instructionOf(ofTenant))).rejects.toMatchObject({
      detail: expect.stringContaining("target-not-published"),
    });

    await db.transaction(async ({ kysely, tenantId }) => {
      await kysely.deleteFrom("trust_file").where("tenant_id", "=", tenantId).execute();
    });
    await expect(signer.sign(instructionOf(ofTenant))).rejects.toMatchObject({
      detail: expect.stringContaining("trust-refused"),
    });
    const idle = instructionOf(ofTenant, { action: { kind: "nothing-to-do" } });
    expect((await signer.sign(idle)).length).toBeGreaterThan(0);
  });

  test("nothing to do is signed for any device", async () => {
    const instruction = instructionOf(offer, { action: { kind: "nothing-to-do" } });
    expect(verifyInstruction(await signer.sign(instruction), await policy(), nodeCrypto).kind).toBe(
      "verified",
    );
  });

  test.each<[string, (good: Offer) => Instruction, string]>([
    [
      "an assignment that is not there",
      (good) => withAction(good, { assignmentId: newId() }),
      "no-such-offer",
    ],
    ["another tenant", (good) => instructionOf(good, { tenantId: newId() }), "no-such-offer"],
    ["another device", (good) => instructionOf(good, { deviceId: newId() }), "other-device"],
    [
      "another deployment",
      (good) => withAction(good, { deploymentId: newId() }),
      "other-deployment",
    ],
    ["another attempt", (good) => withAction(good, { attempt: 2 }), "other-attempt"],
    ["another version", (good) => withAction(good, { artifactName: "9.9" }), "other-artifact"],
    [
      "other content",
      (good) =>
        withAction(good, {
          components: [
            {
              name: "main",
              path: "gw2/prod/2.0/a.mender",
              sizeBytes: 5_120,
              sha256: "cd".repeat(32),
            },
          ],
        }),
      "other-artifact",
    ],
    [
      "a long life",
      (good) => instructionOf(good, { expiresAtMs: Date.now() + 90_000_000 }),
      "lifetime-invalid",
    ],
    [
      "another time",
      (good) => instructionOf(good, { issuedAtMs: 1, expiresAtMs: 2 }),
      "issued-at-another-time",
    ],
    [
      "a malformed instruction",
      (good) => instructionOf(good, { generation: -1 }),
      "instruction-malformed",
    ],
  ])("the signer refuses %s", async (_case, instruction, reason) => {
    await expect(signer.sign(instruction(offer))).rejects.toMatchObject({
      code: "signer-unavailable",
      detail: expect.stringContaining(reason),
    });
  });

  test("an offer that was closed meanwhile is no longer signed", async () => {
    const closed = await insertOffer(await store.newTenant());
    await signer.sign(instructionOf(closed));

    await store.database
      .tenant(closed.tenantId)
      .transaction(({ kysely }) =>
        kysely
          .updateTable("assignment")
          .set({ closed_at: TEST_NOW, state: "closed" })
          .where("id", "=", closed.assignmentId)
          .execute(),
      );

    await expect(signer.sign(instructionOf(closed))).rejects.toMatchObject({
      detail: expect.stringContaining("no-such-offer"),
    });
  });

  test("many questions at once each get their own answer", async () => {
    const instructions = Array.from({ length: 200 }, (_, index) =>
      instructionOf(offer, { generation: index + 1, action: { kind: "nothing-to-do" } }),
    );

    const envelopes = await Promise.all(instructions.map((one) => signer.sign(one)));

    const known = await policy();
    for (const [index, envelope] of envelopes.entries())
      expect(verifyInstruction(envelope, known, nodeCrypto)).toMatchObject({
        instruction: { generation: index + 1 },
      });
  });

  test("a signer that is killed is started again with the same key, and questions meanwhile fail by name", async () => {
    const before = await signer.publicKeys();
    const pid = present(signer.pid, "the signer runs");

    process.kill(pid, "SIGKILL");
    await expect(
      until(async () => {
        await signer.sign(instructionOf(offer));
        return undefined;
      }),
    ).rejects.toMatchObject({ code: "signer-unavailable" });

    const after = await until(() => signer.publicKeys().catch(() => undefined));
    expect(after).toEqual(before);
    expect(signer.pid).not.toBe(pid);
  });

  test("its key is readable by its own user alone", () => {
    const keyFolder = join(folder, "signer");
    expect(statSync(keyFolder).mode & 0o777).toBe(0o700);
    const keyFile = join(keyFolder, "instruction-key.pem");
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(keyFile, "utf8")).toContain("PRIVATE KEY");
  });
});
