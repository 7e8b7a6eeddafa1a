import { DAY_MS, instant, utf8 } from "@moult/base";
import type { TrustSource } from "@moult/trust";
import { expect, test } from "vitest";
import { SignedRepository } from "../../../../tests/system/signed-repository.fixture.ts";
import { recordingLog } from "../server-link/linked-device.fixture.ts";
import { openDeviceTrust, standingText } from "./device-trust.ts";
import { emptyStore } from "./trust-store.ts";

const unreachable: TrustSource = { fetch: () => Promise.reject(new Error("no server")) };

async function openedTrust() {
  const repository = new SignedRepository();
  const source: TrustSource = { fetch: (file) => repository.file(file) };
  let aheadMs = 0;
  const trust = await openDeviceTrust({
    store: emptyStore(),
    provisionedRoot: utf8(await repository.root()),
    clock: { now: () => instant(Date.now() + aheadMs) },
    log: recordingLog(),
  });
  return {
    trust,
    source,
    standing: () => standingText(trust.standing()),
    wait: (forMs: number) => {
      aheadMs += forMs;
    },
  };
}

test("a device whose server gives out no metadata says so once it can no longer know that nothing is newer", async () => {
  const { trust, source, standing, wait } = await openedTrust();
  expect(standing()).toBe("ok");

  await trust.refresh(source);
  wait(2 * DAY_MS);
  await expect(trust.refresh(unreachable)).rejects.toThrow("no server");
  expect(standing()).toBe("ok");

  wait(2 * DAY_MS);
  expect(standing()).toBe("out-of-reach");
});

test("a device that has reached no metadata since it started says so", async () => {
  const { trust, source, standing } = await openedTrust();

  await expect(trust.refresh(unreachable)).rejects.toThrow("no server");
  expect(standing()).toBe("out-of-reach");

  await trust.refresh(source);
  expect(standing()).toBe("ok");
});
