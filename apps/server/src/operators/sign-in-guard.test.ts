import { HOUR_MS, MINUTE_MS, instant, later } from "@moult/base";
import { expect, test } from "vitest";
import { addressKey, createSignInGuard, type Attempt } from "./sign-in-guard.ts";

function guardWithClock() {
  let now = instant(1_000_000);
  const guard = createSignInGuard({ now: () => now });
  const pass = (ms: number): void => {
    now = later(now, ms);
  };
  const tries = async (who: Attempt, count: number): Promise<number> => {
    let admitted = 0;
    for (let n = 0; n < count; n += 1)
      admitted += (await guard.admit(who, () => Promise.resolve(1))) ?? 0;
    return admitted;
  };
  return { guard, pass, tries };
}

const at = (clientAddress: string, account = "ada@example.org"): Attempt => ({
  clientAddress,
  account,
});

test("one address may guess ten times at one account, and soon one more", async () => {
  const { pass, tries } = guardWithClock();

  expect(await tries(at("192.0.2.1"), 50)).toBe(10);
  pass(MINUTE_MS);
  expect(await tries(at("192.0.2.1"), 50)).toBe(1);
});

test("one address may not guess at many accounts", async () => {
  const { tries } = guardWithClock();
  let admitted = 0;
  for (let n = 0; n < 50; n += 1) admitted += await tries(at("192.0.2.1", `${n}@example.org`), 1);

  expect(admitted).toBe(30);
});

test("one stranger locks nobody out, however long he tries", async () => {
  const { pass, tries } = guardWithClock();
  for (let minute = 0; minute < 600; minute += 1) {
    await tries(at("203.0.113.9"), 50);
    pass(MINUTE_MS);
  }

  expect(await tries(at("192.0.2.1"), 1)).toBe(1);
});

test("a botnet gets a hundred guesses an hour at an account, and its owner still gets in where he did before", async () => {
  const { guard, pass, tries } = guardWithClock();
  guard.welcome(at("192.0.2.1"));
  let admitted = 0;
  for (let bot = 0; bot < 500; bot += 1)
    admitted += await tries(at(`10.0.${bot >> 8}.${bot & 255}`), 1);

  expect(admitted).toBe(100);
  expect(await tries(at("192.0.2.1"), 1), "from where he signed in before").toBe(1);
  expect(await tries(at("192.0.2.2"), 1), "from a new address").toBe(0);
  pass(HOUR_MS / 100);
  expect(await tries(at("192.0.2.2"), 2)).toBe(1);
});

test("who signed in has all his attempts again", async () => {
  const { guard, tries } = guardWithClock();
  await tries(at("192.0.2.1"), 50);
  guard.welcome(at("192.0.2.1"));

  expect(await tries(at("192.0.2.1"), 50)).toBe(10);
});

test("so many passwords are checked at the same time, and no more", async () => {
  const { guard } = guardWithClock();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const running = Array.from({ length: 32 }, (_, n) =>
    guard.admit(at(`10.0.0.${n}`, `${n}@example.org`), () => held),
  );

  expect(await guard.admit(at("192.0.2.1"), () => Promise.resolve(1))).toBeUndefined();
  release();
  await Promise.all(running);
  expect(await guard.admit(at("192.0.2.1"), () => Promise.resolve(1))).toBe(1);
});

test("an attempt that fails is over all the same", async () => {
  const { guard } = guardWithClock();
  for (let n = 0; n < 40; n += 1)
    await guard
      .admit(at(`10.0.0.${n}`, `${n}@example.org`), () => Promise.reject(new Error("no database")))
      .catch(() => undefined);

  expect(await guard.admit(at("192.0.2.1"), () => Promise.resolve(1))).toBe(1);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["not an address", "not an address"],
])("attempts from %s count as those of %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
