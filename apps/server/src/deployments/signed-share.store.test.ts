import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS, seededRandom } from "@moult/base";
import type { DeviceId } from "@moult/model";
import type { Instruction } from "@moult/trust";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { SignerClient } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import { addDevices, addProduct, addRelease, checkIn, deploy } from "./fleet.fixture.ts";

describe.each(DIALECTS)("a signer that bounds the share of an hour on %s", (dialect) => {
  const store = useTestDatabase(dialect);
  const keyFolder = mkdtempSync(join(tmpdir(), "moult-signer-"));
  let signer: SignerClient;
  beforeAll(() => {
    const { place } = store;
    signer = new SignerClient({
      keyFolder,
      database: place.kind === "sqlite" ? place.path : place.url,
      installsPerMinute: 1_000,
      devicesPercentPerHour: 50,
      log: silentLog,
      random: seededRandom(1),
    });
  });
  afterAll(async () => {
    await signer.stop();
    rmSync(keyFolder, { recursive: true, force: true });
  });

  /** What the device would be sent; the signer is a process with the machine's clock. */
  async function offerOf(db: TenantDb, deviceId: DeviceId): Promise<Instruction> {
    const plan = await checkIn(db, deviceId);
    if (plan.kind !== "install") throw new Error("the device has an offer");
    const { artifact, ...offer } = plan.offer;
    const { path, sizeBytes, sha256 } = artifact;
    const issuedAtMs = Date.now();
    return {
      type: "instruction",
      tenantId: db.tenantId,
      deviceId,
      nonce: "a".repeat(32),
      generation: 1,
      issuedAtMs,
      expiresAtMs: issuedAtMs + HOUR_MS,
      action: {
        kind: "install",
        ...offer,
        components: [{ name: "main", path, sizeBytes, sha256 }],
      },
      ask: [],
      checkInSeconds: 60,
    };
  }

  test("half of a product's devices are told, again and again, and the others wait", async () => {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3, 4]);
    await deploy(db, await addRelease(db, "2.0"), { plan: { limits: { concurrentMax: 4 } } });
    const offers = await Promise.all(ids.map((id) => offerOf(db, id)));

    for (const offer of [offers[0]!, offers[1]!, offers[0]!])
      expect((await signer.sign(offer)).length).toBeGreaterThan(0);
    for (const offer of offers.slice(2))
      await expect(signer.sign(offer)).rejects.toMatchObject({ reason: "share-cap" });
    expect((await signer.sign(offers[1]!)).length).toBeGreaterThan(0);
  });
});
