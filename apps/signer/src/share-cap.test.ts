import { HOUR_MS, MINUTE_MS, instant } from "@moult/base";
import { DeviceId, TenantId } from "@moult/model";
import { expect, test } from "vitest";
import { createShareCap } from "./share-cap.ts";

const tenantOf = (number: number) => TenantId.parse(idOf(number));
const deviceOf = (number: number) => DeviceId.parse(idOf(number));
const idOf = (number: number) => `0198c0de-0000-7000-8000-${String(number).padStart(12, "0")}`;

function scene(percent: number, devices: number) {
  let now = 1_000_000;
  const sizes = { devices };
  const take = createShareCap(
    percent,
    { acceptedDevices: async () => sizes.devices },
    { now: () => instant(now) },
  );
  return {
    sizes,
    move: (ms: number) => (now += ms),
    take: (device: number, product = "pump", tenant = 1) =>
      take(tenantOf(tenant), product, deviceOf(device)),
    taken: async (first: number, last: number) => {
      const answers = await Promise.all(
        Array.from({ length: last - first + 1 }, (_, at) =>
          take(tenantOf(1), "pump", deviceOf(first + at)),
        ),
      );
      return answers.filter(Boolean).length;
    },
  };
}

test("in no hour more devices of a product than its share are told to install", async () => {
  const { taken, take, move } = scene(10, 200);
  expect(await taken(1, 100)).toBe(20);
  expect(await take(1)).toBe(true);
  move(HOUR_MS - 1);
  expect(await taken(101, 200)).toBe(0);
  move(1);
  expect(await taken(101, 200)).toBe(20);
});

test("the devices of another product, or tenant, have a share of their own", async () => {
  const { take } = scene(1, 100);
  expect(await take(1)).toBe(true);
  expect(await take(2)).toBe(false);
  expect(await take(2, "valve")).toBe(true);
  expect(await take(2, "pump", 2)).toBe(true);
});

test("one device of a small fleet is always let through, a grown fleet is noticed, and a clock set back gives nothing away", async () => {
  const { take, sizes, move } = scene(1, 3);
  expect(await take(1)).toBe(true);
  expect(await take(2)).toBe(false);
  move(-2 * HOUR_MS);
  expect(await take(2)).toBe(false);
  sizes.devices = 200;
  move(2 * HOUR_MS + MINUTE_MS);
  expect(await take(2)).toBe(true);
});

test("with all of them allowed nothing is counted", async () => {
  const { taken, take } = scene(100, 0);
  expect(await taken(1, 50)).toBe(50);
  expect(await take(51)).toBe(true);
});
