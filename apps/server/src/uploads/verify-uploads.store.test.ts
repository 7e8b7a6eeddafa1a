import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TenantId, UploadId } from "@moult/model";
import { expect, test } from "vitest";
import { testClock } from "../devices/test-fleet.fixture.ts";
import { silentLog, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { PartsDeps } from "./upload-deps.ts";
import { createVerifier } from "./verify-uploads.ts";

const store = useTestDatabase("sqlite");
const newUploadId = (): UploadId => randomUUID() as UploadId;

/** A verifier of uploads that are gone again, which tells whose it looked for. */
function lookingVerifier() {
  const looked: TenantId[] = [];
  const database = new Proxy(store.database, {
    get: (target, name) =>
      name === "tenant"
        ? (tenantId: TenantId) => {
            looked.push(tenantId);
            return target.tenant(tenantId);
          }
        : (Reflect.get(target, name) as unknown),
  });
  const verifier = createVerifier({
    database,
    clock: testClock(),
    log: silentLog,
  } as unknown as PartsDeps);
  return { looked, verifier };
}

test("an upload that is whole just when the last verification ends is verified too", async () => {
  const [one, other] = [(await store.newTenant()).tenantId, (await store.newTenant()).tenantId];

  // Whatever the moment between the end of the one and the beginning of the other.
  for (let microtasks = 0; microtasks < 100; microtasks += 1) {
    const { looked, verifier } = lookingVerifier();
    verifier.add(one, newUploadId());
    for (let count = 0; count < microtasks; count += 1) await Promise.resolve();
    verifier.add(other, newUploadId());
    await nextTurn();
    await nextTurn();

    expect([microtasks, looked]).toEqual([microtasks, [one, other]]);
    await verifier.close();
  }
});
