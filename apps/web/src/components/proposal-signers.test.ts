import { generateKeyPairSync } from "node:crypto";
import { instant } from "@moult/base";
import { newRole, newRoot, newTargets, tufKeyOf, type NamedKey } from "@moult/signing";
import { expect, test } from "vitest";
import { isComplete, signersOf, type PublishedFiles, type SignedFile } from "./proposal-signers.ts";

const NOW = instant(Date.parse("2026-11-28T12:00:00Z"));
const newKey = (): NamedKey => tufKeyOf(generateKeyPairSync("ed25519").publicKey);

const [ada, bob, eve, ci, online] = [newKey(), newKey(), newKey(), newKey(), newKey()];
const group = (keys: readonly NamedKey[], threshold: number) => ({ keys, threshold });

const rootOf = (keys: readonly NamedKey[], threshold: number, version: number) =>
  newRoot(
    {
      root: group(keys, threshold),
      targets: group([ada], 1),
      snapshot: group([online], 1),
      timestamp: group([online], 1),
      instruction: [online],
    },
    { version, now: NOW },
  );
const targets = newTargets(
  [{ product: "gw2" as never, channel: "prod" as never, ...group([ci, ada], 2) }],
  { version: 1, now: NOW },
);
const published: PublishedFiles = { root: rootOf([ada, bob], 2, 1), targets };

const file = (role: string, signed: object, signers: readonly NamedKey[]): SignedFile => ({
  role,
  signed: { ...signed },
  keyids: signers.map(({ keyid }) => keyid),
});
const role = (signers: readonly NamedKey[]) =>
  file("gw2.prod", newRole({}, { version: 2, now: NOW }), signers);

test("a channel's role is signed by those whom the published targets name", () => {
  const half = role([ci]);

  expect(signersOf(half, [half], published)).toEqual([
    { threshold: 2, signed: [ci.keyid], missing: [ada.keyid], needed: 1 },
  ]);
});

test("the signature of a key that nobody named counts for nothing", () => {
  const foreign = role([eve, bob]);

  expect(signersOf(foreign, [foreign], published)).toMatchObject([{ signed: [], needed: 2 }]);
});

test("a new root is signed by the keys before it and by its own", () => {
  const next = file("root", rootOf([bob, eve], 2, 2), [bob, ada]);

  expect(signersOf(next, [next], published)).toEqual([
    { threshold: 2, signed: [ada.keyid, bob.keyid], missing: [], needed: 0 },
    { threshold: 2, signed: [bob.keyid], missing: [eve.keyid], needed: 1 },
  ]);
});

test("the first root needs its own keys alone", () => {
  const first = file("root", rootOf([ada, bob], 2, 1), [ada, bob]);

  expect(signersOf(first, [first], { root: undefined, targets: undefined })).toMatchObject([
    { needed: 0 },
  ]);
});

test("a channel that the same proposal creates is signed by those whom it names", () => {
  const created = newTargets(
    [{ product: "new" as never, channel: "dev" as never, ...group([eve], 1) }],
    { version: 2, now: NOW },
  );
  const delegation = file("targets", created, [ada]);
  const first = file("new.dev", newRole({}, { version: 1, now: NOW }), [eve]);
  const proposed = [delegation, first];

  const groups = proposed.map((each) => signersOf(each, proposed, published));
  expect(groups).toMatchObject([[{ needed: 0 }], [{ needed: 0 }]]);
  expect(isComplete(groups)).toBe(true);
});

test("a role that nobody may sign is never complete", () => {
  const orphan = file("other.prod", newRole({}, { version: 1, now: NOW }), [ada]);
  const groups = signersOf(orphan, [orphan], published);

  expect(groups).toEqual([]);
  expect(isComplete([groups])).toBe(false);
});
