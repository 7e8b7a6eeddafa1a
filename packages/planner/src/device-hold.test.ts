import { later } from "@moult/base";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { explain } from "./explain.ts";
import { deployment, device, facts, HOLD, NOW, openAssignment } from "./facts.fixture.ts";

const held = device({ hold: HOLD });

test("a hold that has a time ends by itself, and says when", () => {
  const until = later(NOW, 60_000);
  const given = facts({ device: device({ hold: { ...HOLD, until } }) });

  expect(decide(given)).toMatchObject({ kind: "wait", until, isContended: false });
  expect(explain(given)).toMatchObject({
    summary:
      "The device is held by Ada until 2027-01-15 08:01 UTC, and no deployment offers it anything: on the bench.",
    earliest: until,
  });
  expect(decide({ ...given, now: until })).toMatchObject({ kind: "offer" });
});

test("nobody sends a held device ahead", () => {
  const forced = facts({ device: held, candidates: [deployment({ isForced: true })] });
  expect(decide(forced)).toMatchObject({ kind: "wait", reasons: [{ kind: "device-held" }] });
});

test.each(["offered", "downloading"] as const)(
  "a device that is held gives up an update that it has %s, and may have it later",
  (state) => {
    const given = facts({ device: held, openAssignment: openAssignment({ state }) });

    expect(decide(given)).toMatchObject({
      kind: "withdraw",
      cause: "device-held",
      into: "retry-pending",
    });
    expect(explain(given).summary).toContain("because a person holds the device");
  },
);

test.each(["installing", "activating", "proving"] as const)(
  "a device that is held while it is %s goes on",
  (state) => {
    const given = facts({ device: held, openAssignment: openAssignment({ state }) });
    expect(decide(given)).toMatchObject({ kind: "keep" });
  },
);
