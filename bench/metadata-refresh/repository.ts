import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instant } from "@moult/base";
import { ChannelName, HardwareType, ProductName, ReleaseVersion, Sha256 } from "@moult/model";
import {
  newRole,
  newRoot,
  newSnapshot,
  newTargets,
  newTimestamp,
  signMetadata,
  tufKeyOf,
  type KeySigner,
} from "@moult/signing";
import { targetCustom, type TargetCustom, type TargetsMetadata } from "@moult/trust";
import { PROVISIONED_ROOT, TARGET_FILE } from "./layout.ts";

function newSigner(): KeySigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = tufKeyOf(publicKey);
  return { keyid: key.keyid, key, sign: async (message) => sign(null, message, privateKey) };
}

const groupOf = (signers: readonly KeySigner[], threshold = 1) => ({
  keys: signers.map(({ key }) => key),
  threshold,
});

/** Targets as releases have them: a digest for a name, and all that signers say of an artifact. */
function releases(count: number): TargetsMetadata["targets"] {
  const targets: Record<string, TargetsMetadata["targets"][string]> = {};
  for (let index = 0; index < count; index += 1) {
    const digest = (): Sha256 => Sha256.parse(randomBytes(32).toString("hex"));
    const sha256 = digest();
    const version = ReleaseVersion.parse(`1.${index}.0`);
    const moult: TargetCustom = {
      version,
      hardwareTypes: [HardwareType.parse("gw2-a"), HardwareType.parse("gw2-b")],
      component: "main",
      format: "mender",
      securityCounter: 3,
      requires: {},
      conflicts: {},
      headSha256: digest(),
      payloads: [],
    };
    const target = { length: 52_428_800 + index, hashes: { sha256 }, custom: { moult } };
    if (targetCustom(target) === undefined)
      throw new Error("a release is described as devices read it");
    targets[`gw2/prod/${version}/${sha256}.mender`] = target;
  }
  return targets;
}

/** Writes a repository with `count` targets in one product's role, as Moult lays repositories out. */
export async function writeRepository(folder: string, count: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const issue = { version: 1, now: instant(Date.now()) };
  const root = [newSigner(), newSigner(), newSigner()];
  const [targets, team, snapshot, timestamp, instruction] = Array.from(
    { length: 5 },
    newSigner,
  ) as [KeySigner, KeySigner, KeySigner, KeySigner, KeySigner];
  const write = async (name: string, signed: object, signers: readonly KeySigner[]) => {
    let file = { signatures: [], signed: { ...signed } } as Parameters<typeof signMetadata>[0];
    for (const signer of signers) file = await signMetadata(file, signer);
    const text = JSON.stringify(file);
    writeFileSync(join(folder, name), text);
    return { length: text.length, sha256: createHash("sha256").update(text).digest("hex") };
  };

  const content = {
    root: groupOf(root, 2),
    targets: groupOf([targets]),
    snapshot: groupOf([snapshot]),
    timestamp: groupOf([timestamp]),
    instruction: [instruction.key],
  };
  await write(PROVISIONED_ROOT, newRoot(content, issue), root);
  const channel = {
    product: ProductName.parse("gw2"),
    channel: ChannelName.parse("prod"),
    ...groupOf([team]),
  };
  await write("1.targets.json", newTargets([channel], issue), [targets]);
  const live = releases(count);
  await write("1.gw2.prod.json", newRole(live, issue), [team]);
  const versions = newSnapshot({ targets: 1, "gw2.prod": 1 }, issue);
  const made = await write("1.snapshot.json", versions, [snapshot]);
  await write("timestamp.json", newTimestamp({ version: 1, ...made }, issue), [timestamp]);
  writeFileSync(join(folder, TARGET_FILE), Object.keys(live).at(-1) ?? "");
}
