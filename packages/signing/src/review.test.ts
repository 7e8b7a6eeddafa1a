import { DAY_MS, instant } from "@moult/base";
import { expect, test } from "vitest";
import { newRole, newRoot } from "./build-metadata.ts";
import { review } from "./review.ts";
import { NOW, channelOf, groupOf, testRoot, testSigner, testTargets } from "./signing.fixture.ts";

const three = () => [testSigner(), testSigner(), testSigner()];
const kinds = (reviewed: Parameters<typeof review>[0]): string[] =>
  review(reviewed).map(({ role, kind }) => `${role} ${kind}`);

test("two of three root keys and two keys for production leave nothing to say", () => {
  const { root } = testRoot(three());
  const targets = testTargets([
    channelOf("gw2", "prod", [testSigner(), testSigner()], 2),
    channelOf("gw2", "dev", [testSigner()]),
  ]);
  expect(
    kinds({
      root,
      targets,
      roles: { "gw2.prod": newRole({}, { version: 1, now: NOW }) },
      now: NOW,
    }),
  ).toEqual([]);
});

test.each([
  [1, 1, "root single-root-key"],
  [2, 1, "root threshold-one"],
  [2, 2, "root no-spare-root-key"],
])("%i root keys of which %i must sign: %s", (count, threshold, finding) => {
  const { root } = testRoot(three().slice(0, count), threshold);
  expect(kinds({ root, now: NOW })).toEqual([finding]);
});

test("a production release that one key can sign is named", () => {
  const { root } = testRoot(three());
  const targets = testTargets([channelOf("gw2", "prod", [testSigner()])]);
  expect(kinds({ root, targets, now: NOW })).toEqual(["gw2.prod threshold-one"]);
});

test("a key of the server that may sign releases is named, and a root key that signs them", () => {
  const signers = three();
  const { root, online } = testRoot(signers);
  const [first] = signers;
  const targets = testTargets([
    channelOf("gw2", "prod", [online.timestamp, first ?? testSigner()], 2),
  ]);
  expect(kinds({ root, targets, now: NOW })).toEqual([
    "gw2.prod online-key-signs-offline",
    "gw2.prod key-signs-two-roles",
  ]);
});

test("what expires soon, has expired, or holds for too long is named", () => {
  const signers = three();
  const { content } = testRoot(signers);
  const root = newRoot(
    { ...content, root: groupOf(signers, 2) },
    { version: 1, now: NOW, lifetimeMs: 6 * 365 * DAY_MS },
  );
  const role = newRole({}, { version: 1, now: NOW });
  const later = (days: number) => instant(NOW + days * DAY_MS);
  expect(kinds({ root, roles: { "gw2.dev": role }, now: NOW })).toEqual(["root lives-too-long"]);
  expect(kinds({ root, roles: { "gw2.dev": role }, now: later(340) })).toContain(
    "gw2.dev expires-soon",
  );
  expect(kinds({ root, roles: { "gw2.dev": role }, now: later(365) })).toContain("gw2.dev expired");
});
