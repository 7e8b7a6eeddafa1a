import fc from "fast-check";
import { canonicalJson, describeDiff, type Signed } from "@moult/trust";
import { describe, expect, test } from "vitest";
import { newRole, newRoot } from "./build-metadata.ts";
import {
  NOW,
  TARGET_PATH,
  channelOf,
  groupOf,
  testRoot,
  testSigner,
  testTarget,
  testTargets,
} from "./signing.fixture.ts";

const short = (keyid: string): string => keyid.slice(0, 16);
const issue = (version: number) => ({ version, now: NOW });

describe("a new root", () => {
  test("tells every key, how many must sign, and who may instruct", () => {
    const signers = [testSigner(), testSigner(), testSigner("ecdsa-p256")];
    const { root, online } = testRoot(signers);

    const lines = describeDiff(undefined, root, {
      keyName: (keyid) => (keyid === signers[0]?.keyid ? "root-1" : undefined),
    });

    expect(lines.slice(0, 6)).toEqual([
      "+ version 1",
      "+ expires 2028-11-27T12:00:00Z",
      `+ root key root-1, ${short(signers[0]?.keyid ?? "")} (ed25519)`,
      `+ root key ${short(signers[1]?.keyid ?? "")} (ed25519)`,
      `+ root key ${short(signers[2]?.keyid ?? "")} (ecdsa-sha2-nistp256)`,
      "+ root needs 2 of 3 keys",
    ]);
    expect(lines).toContain(`+ instruction key ${short(online.instruction.keyid)} (ed25519)`);
    expect(lines).toHaveLength(14);
  });

  test("tells which key came, which went, and that fewer are needed", () => {
    const [kept, gone, come] = [testSigner(), testSigner(), testSigner()];
    const { root, content } = testRoot([kept, gone]);
    const after = newRoot({ ...content, root: groupOf([kept, come], 1) }, issue(2));

    expect(describeDiff(root, after)).toEqual([
      "~ version 1 -> 2",
      `+ root key ${short(come.keyid)} (ed25519)`,
      `- root key ${short(gone.keyid)} (ed25519)`,
      "~ root needs 1 of 2 keys, before 2 of 2",
    ]);
  });

  test("shows a key whose content was changed under its old name, and fields nobody knows", () => {
    const signers = [testSigner(), testSigner()];
    const { root } = testRoot(signers);
    const [target] = signers;
    const keyid = target?.keyid ?? "";
    const changed = {
      ...root,
      version: 2,
      keys: { ...root.keys, [keyid]: { ...testSigner().key, keyid: undefined } },
      "x-other": { a: 1 },
    } as Signed;

    const lines = describeDiff(root, changed);

    expect(lines.some((line) => line.startsWith(`~ keys.${keyid}.keyval.public: `))).toBe(true);
    expect(lines).toContain("+ x-other.a: 1");
  });
});

describe("delegations", () => {
  test("tell a new channel with its keys, and one that is gone", () => {
    const [ci, person] = [testSigner(), testSigner()];
    const before = testTargets([channelOf("gw2", "dev", [ci])]);
    const after = testTargets([channelOf("gw2", "prod", [ci, person], 2)], 2);

    expect(describeDiff(before, after)).toEqual([
      "~ version 1 -> 2",
      "+ role gw2.prod for gw2/prod/*/*",
      `+ gw2.prod key ${short(ci.keyid)} (ed25519)`,
      `+ gw2.prod key ${short(person.keyid)} (ed25519)`,
      "+ gw2.prod needs 2 of 2 keys",
      "- role gw2.dev: nothing of it can be installed any more",
    ]);
  });

  test("show paths that grew", () => {
    const before = testTargets([channelOf("gw2", "prod", [testSigner()])]);
    const widened = structuredClone(before) as unknown as {
      version: number;
      delegations: { roles: { paths: string[] }[] };
    };
    widened.version = 2;
    widened.delegations.roles[0]?.paths.push("gw3/prod/*/*");

    expect(describeDiff(before, widened as unknown as Signed)).toEqual([
      "~ version 1 -> 2",
      '+ delegations.roles.gw2.prod.paths.1: "gw3/prod/*/*"',
    ]);
  });
});

describe("a channel's role", () => {
  const empty = newRole({}, issue(1));

  test("tells what may be installed from now on, and what no longer", () => {
    const other = TARGET_PATH.replace("1.4.0", "1.3.0");
    const before = newRole({ [other]: testTarget({ version: "1.3.0" as never }) }, issue(1));
    const custom = {
      requires: { "rootfs-image.version": ["1.3.0", "1.3.1"] },
      conflicts: { bootloader: ["1"] },
      minAgent: "0.2.0",
    };
    const after = newRole({ [TARGET_PATH]: testTarget(custom) }, issue(2));

    expect(describeDiff(before, after)).toEqual([
      "~ version 1 -> 2",
      `+ ${TARGET_PATH}: version 1.4.0; for board; security counter 3; 1000 bytes; requires rootfs-image.version 1.3.0 or 1.3.1; conflicts with bootloader 1; agent 0.2.0 or newer`,
      `- ${other}: version 1.3.0; for board; security counter 3; 1000 bytes`,
    ]);
  });

  test("shows a security counter that goes down, and a target that devices cannot use", () => {
    const before = newRole({ [TARGET_PATH]: testTarget() }, issue(1));
    const lowered = newRole({ [TARGET_PATH]: testTarget({ securityCounter: 2 }) }, issue(2));
    expect(describeDiff(before, lowered)).toContain(
      `~ targets.${TARGET_PATH}.custom.moult.securityCounter: 3 -> 2`,
    );
    const bare = { ...testTarget(), custom: { other: 1 } };
    expect(describeDiff(empty, newRole({ [TARGET_PATH]: bare }, issue(2))).slice(1)).toEqual([
      `+ ${TARGET_PATH}: 1000 bytes, without what Moult needs to install it`,
      `+ targets.${TARGET_PATH}.custom.other: 1`,
    ]);
  });

  test("says nothing of a version that is the same", () => {
    expect(describeDiff(empty, empty)).toEqual([]);
  });
});

const anyJson = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !JSON.stringify(value).includes("."));

test("two versions that differ in anything signed are never shown as equal", () => {
  const base = newRole({ [TARGET_PATH]: testTarget() }, issue(1));
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 8 }), anyJson, (name, value) => {
      const changed = { ...base, [name]: value } as Signed;
      const isEqual =
        Buffer.from(JSON.stringify(changed)).equals(Buffer.from(JSON.stringify(base))) ||
        (Number.isInteger(value) && value === (base as Signed)[name]);
      if (!isEqual) expect(describeDiff(base, changed)).not.toEqual([]);
    }),
  );
});

test("a target with any one field changed is shown as changed", () => {
  const fields = fc.record(
    {
      securityCounter: fc.nat(5),
      hardwareTypes: fc.constantFrom(["board"], ["board", "other"], ["other"]),
      headSha256: fc.constantFrom("ef".repeat(32), "aa".repeat(32)),
      conflicts: fc.constantFrom({}, { a: ["1"] }),
      minAgent: fc.constantFrom("1", "2"),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fields, fields, (left, right) => {
      const [before, after] = [left, right].map((each) =>
        newRole({ [TARGET_PATH]: testTarget(each as never) }, issue(1)),
      );
      const isSame = Buffer.from(canonicalJson(before)).equals(canonicalJson(after));
      expect(describeDiff(before, after ?? {}).length > 0).toBe(!isSame);
    }),
  );
});
