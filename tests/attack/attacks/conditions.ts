import { rmSync } from "node:fs";
import { join } from "node:path";
import { DAY_MS } from "@moult/base";
import type { Attack } from "../attack.fixture.ts";
import type { ReleaseWish } from "../release.fixture.ts";
import type { Scene } from "../scene.fixture.ts";

/** The server picks, among releases that are validly signed, one that its signers did not mean for this device. */
const signedFor = (wish: Partial<ReleaseWish>) => async (scene: Scene, isEvil: boolean) => {
  const release = await scene.release(isEvil ? wish : {});
  scene.offer(release);
  return release;
};

/** The device has committed a release with counter 5; a signed one with counter 4 is offered. */
const olderThanCommitted =
  (between: (scene: Scene) => Promise<void>) => async (scene: Scene, isEvil: boolean) => {
    const old = await scene.release({ custom: { securityCounter: isEvil ? 4 : 5 } });
    await scene.takesIn(await scene.release({ custom: { securityCounter: 5 } }));
    if (isEvil) await between(scene);
    scene.offer(old);
    return old;
  };

export const CONDITION_ATTACKS: readonly Attack[] = [
  {
    name: "release-for-other-hardware",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a release that is signed for other hardware",
    rule: "wrong-hardware",
    act: signedFor({ custom: { hardwareTypes: ["gw2-rev-b"] } }),
  },
  {
    name: "release-with-a-lower-security-counter",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a genuine old release with a known hole, below the security counter of what the device has run,",
    rule: "security-counter-too-low",
    act: olderThanCommitted(() => Promise.resolve()),
  },
  {
    name: "security-counter-after-lost-data",
    kind: "install",
    attacker: "evil-server",
    checklist: [19],
    says: "a genuine old release, offered to a device that has lost its data folder,",
    rule: "security-counter-too-low",
    act: olderThanCommitted(async (scene) => {
      await scene.switchOff();
      rmSync(join(scene.root, "var/lib/moult"), { recursive: true });
    }),
  },
  {
    name: "release-that-requires-another",
    kind: "install",
    attacker: "evil-server",
    checklist: [24],
    says: "a signed release whose signers require another one to be installed before",
    rule: "requirement-not-met",
    act: signedFor({ custom: { requires: { artifact_name: ["bridge-1"] } } }),
  },
  {
    name: "release-that-conflicts",
    kind: "install",
    attacker: "evil-server",
    checklist: [24],
    says: "a signed release whose signers say that it must not follow what the device runs",
    rule: "conflict",
    act: signedFor({ custom: { conflicts: { artifact_name: ["1.0"] } } }),
  },
  {
    name: "release-for-a-newer-agent",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a signed release for an agent newer than this one",
    rule: "agent-too-old",
    act: signedFor({ custom: { minAgent: "99.0.0" } }),
  },
  {
    name: "release-before-its-time",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a signed release before the instant that its signers set",
    rule: "too-early",
    act: async (scene, isEvil) => {
      const notBefore = new Date(Date.now() + (isEvil ? DAY_MS : -DAY_MS)).toISOString();
      const release = await scene.release({ custom: { notBefore } });
      scene.offer(release);
      return release;
    },
  },
  {
    name: "release-without-conditions",
    kind: "install",
    attacker: "evil-server",
    checklist: [6],
    says: "a signed file about which its signers said nothing that Moult knows",
    rule: "custom-malformed",
    act: signedFor({ alter: ({ length, hashes }) => ({ length, hashes }) }),
  },
  {
    name: "release-for-another-component",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction to install a signed release on a component that it is not for",
    rule: "other-component",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      scene.offer(release, isEvil ? { component: "modem" } : {});
      return release;
    },
  },
  {
    name: "release-by-another-name",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction that calls a signed release by the name of another",
    rule: "artifact-name-mismatch",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      scene.offer(release, isEvil ? { version: "9.9" } : {});
      return release;
    },
  },
  {
    name: "head-other-than-signed",
    kind: "install",
    attacker: "evil-server",
    checklist: [1, 2],
    says: "an artifact whose head is not the one that its signers named",
    rule: "digest-mismatch",
    act: signedFor({ custom: { headSha256: "0".repeat(64) } }),
  },
  {
    name: "payload-files-other-than-signed",
    kind: "install",
    attacker: "evil-server",
    checklist: [1],
    says: "an artifact that holds a payload file which its signers did not name",
    rule: "digest-mismatch",
    act: signedFor({ custom: { payloads: [{ type: "single-file", files: [] }] } }),
  },
];
