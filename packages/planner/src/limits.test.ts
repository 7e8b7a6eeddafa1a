import { DAY_MS, later, MINUTE_MS, present } from "@moult/base";
import { expect, test } from "vitest";
import { planOf } from "./facts.fixture.ts";
import { startFleet } from "./fleet.fixture.ts";
import { checkIn, end, wait, type Fleet } from "./memory-fleet.ts";
import { sentenceOf } from "./reason-sentences.ts";

const fleetOf = (limits: Parameters<typeof planOf>[0] & object, devices = 20): Fleet =>
  startFleet(
    planOf(limits),
    7,
    Array.from({ length: devices }, (_, index) => index + 1),
  );

/** Everybody checks in once; how many were offered it. */
const offers = (fleet: Fleet): number =>
  fleet.devices.filter((device) => checkIn(fleet, device).kind === "offer").length;

test("so many devices start in a minute, and who waits is told from when on the next may", () => {
  const fleet = fleetOf({ limits: { perMinute: 3 } });
  expect(offers(fleet)).toBe(3);

  const answer = checkIn(fleet, present(fleet.devices[9], "there are twenty"));
  expect(answer).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "rate-limit", perMinute: 3 }],
    isContended: false,
    until: later(fleet.now, 63_000),
  });
  const [reason] = answer.kind === "wait" ? answer.reasons : [];
  expect(sentenceOf(present(reason, "it waits"))).toBe(
    "At most 3 devices start in any minute by the plan; the next one may at 2027-01-15 08:01:03 UTC.",
  );

  wait(fleet, 62_999);
  expect(offers(fleet)).toBe(0);
  wait(fleet, 1);
  expect(offers(fleet)).toBe(3);
});

test("so many devices of a site are in the update, and the next comes when one of them is done", () => {
  const perSite = { attribute: "store", concurrentMax: 2 };
  const fleet = fleetOf({ limits: { perSite } }, 9);
  expect(offers(fleet)).toBe(6);
  const north = fleet.devices.filter(({ site }) => site === "north");
  const waiting = present(
    north.find(({ assignment }) => assignment === null),
    "a third one waits",
  );
  const answer = checkIn(fleet, waiting);
  expect(answer).toMatchObject({
    reasons: [{ kind: "site-limit", attribute: "store", site: "north", limit: 2 }],
    isContended: true,
    until: null,
  });

  // Whoever moves meanwhile leaves the site where it was counted.
  const [first] = north;
  const moved = present(first, "there are three");
  moved.site = "south";
  end(fleet, moved, "succeeded", null);
  expect(checkIn(fleet, waiting).kind).toBe("offer");
});

test("devices without a site are one site", () => {
  const fleet = fleetOf({ limits: { perSite: { attribute: "store", concurrentMax: 1 } } }, 6);
  for (const device of fleet.devices) device.site = "";
  expect(offers(fleet)).toBe(1);
  const answer = checkIn(fleet, present(fleet.devices[5], "there are six"));
  expect(answer).toMatchObject({ reasons: [{ kind: "site-limit", site: null }] });
});

test("each try of a device is one start", () => {
  const fleet = fleetOf({ limits: { perMinute: 3 }, retry: { attemptsMax: 5 } }, 1);
  const device = present(fleet.devices[0], "there is one");
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    expect(checkIn(fleet, device)).toMatchObject({ kind: "offer", attempt });
    end(fleet, device, "failed", "health-check-failed");
  }
  expect(checkIn(fleet, device)).toMatchObject({ reasons: [{ kind: "rate-limit" }] });
});

test("so many bytes are offered in any 24 hours, and who waits is told from when on there is room", () => {
  // An artifact has 1,000 bytes.
  const fleet = fleetOf({ limits: { bytesPerDay: 3_999 } }, 9);
  expect(offers(fleet)).toBe(3);

  const answer = checkIn(fleet, present(fleet.devices[8], "there are nine"));
  const until = later(fleet.now, DAY_MS + 30 * MINUTE_MS + 2_000);
  expect(answer).toMatchObject({
    kind: "wait",
    reasons: [{ kind: "byte-budget", bytesPerDay: 3_999, sizeBytes: 1_000 }],
    isContended: false,
    until,
  });
  const [reason] = answer.kind === "wait" ? answer.reasons : [];
  expect(sentenceOf(present(reason, "it waits"))).toBe(
    "The plan lets 3.999 kB of artifacts be offered in any 24 hours; there is room for the device's 1 kB at 2027-01-16 08:30:02 UTC at the earliest.",
  );

  wait(fleet, until - fleet.now - 1);
  expect(offers(fleet)).toBe(0);
  wait(fleet, 1);
  expect(offers(fleet)).toBe(3);
});

test("each try of a device counts its artifact whole, and so does one that a person sent ahead", () => {
  const fleet = fleetOf({ limits: { bytesPerDay: 2_000 }, retry: { attemptsMax: 5 } }, 2);
  const [first, second] = fleet.devices;
  const device = present(first, "there are two");
  for (const attempt of [1, 2]) {
    expect(checkIn(fleet, device)).toMatchObject({ kind: "offer", attempt });
    end(fleet, device, "failed", "health-check-failed");
  }
  expect(checkIn(fleet, device)).toMatchObject({ reasons: [{ kind: "byte-budget" }] });

  present(second, "there are two").isForced = true;
  expect(offers(fleet)).toBe(1);
  expect(fleet.flow.bytes.taken).toBe(3_000);
});

test("a device that a person sent ahead starts all the same, and takes the place of another", () => {
  const fleet = fleetOf({ limits: { perMinute: 3 } });
  expect(offers(fleet)).toBe(3);
  const [device] = fleet.devices.slice(9);
  present(device, "there are twenty").isForced = true;
  expect(offers(fleet)).toBe(1);

  wait(fleet, 63_000);
  expect(offers(fleet)).toBe(3);
});
