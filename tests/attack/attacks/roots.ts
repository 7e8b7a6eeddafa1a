import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memorySigner } from "../../../tools/local/local-trust.ts";
import type { Attack } from "../attack.fixture.ts";
import { publish, type Release } from "../release.fixture.ts";
import { Repository, contentOf, signedFile, type Files } from "../repository.fixture.ts";
import type { Scene } from "../scene.fixture.ts";

/** A whole repository of the attacker's, with a release in it, whose root comes after the operator's. */
async function repositoryOfTheAttacker(
  scene: Scene,
  release: Release,
  sign: (own: Repository, signed: object) => Promise<Buffer>,
): Promise<Files> {
  const own = new Repository({
    snapshot: memorySigner(),
    timestamp: memorySigner(),
    instruction: scene.repository.online.instruction,
  });
  own.rootVersion = scene.repository.rootVersion;
  // Beyond everything that the device has seen, so that no rule of order stands in the way.
  own.snapshotVersion = own.timestampVersion = 1_000_000;
  for (const role of ["targets", ...own.offline.roles.keys()]) own.roleVersions[role] = 1_000_000;
  await own.found();
  await publish(own, [release]);
  const name = `${own.rootVersion}.root.json`;
  own.files.set(name, await sign(own, contentOf(own.file(name)).signed));
  return own.files;
}

const byRoot =
  (sign: (scene: Scene, own: Repository, signed: object) => Promise<Buffer>) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = isEvil ? await scene.build() : await scene.release();
    if (isEvil) {
      scene.server.addBlob(release.bytes);
      scene.serve(
        await repositoryOfTheAttacker(scene, release, (own, signed) => sign(scene, own, signed)),
      );
    } else scene.serve();
    scene.offer(release);
    return release;
  };

const provisionedRoot = (replace: (root: string) => string) => (root: string) => {
  const file = join(root, "etc/moult/provisioning.json");
  const provisioning = JSON.parse(readFileSync(file, "utf8")) as { root: string };
  writeFileSync(file, JSON.stringify({ ...provisioning, root: replace(provisioning.root) }));
};

export const ROOT_ATTACKS: readonly Attack[] = [
  {
    name: "root-by-the-attacker",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a root of the attacker's, with a whole repository under it,",
    rule: "threshold-not-met",
    act: byRoot((_scene, own, signed) => signedFile(signed, own.offline.root)),
  },
  {
    name: "root-by-one-stolen-key",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a root that one stolen root key signed, where two must sign,",
    rule: "threshold-not-met",
    act: byRoot((scene, own, signed) =>
      signedFile(signed, [...own.offline.root, ...scene.repository.offline.root.slice(0, 1)]),
    ),
  },
  {
    name: "root-by-one-stolen-key-twice",
    kind: "install",
    attacker: "evil-server",
    checklist: [11],
    says: "a root that carries the signature of one stolen root key twice",
    rule: "duplicate-signature",
    act: byRoot(async (scene, own, signed) => {
      const stolen = scene.repository.offline.root.slice(0, 1);
      const { signatures } = contentOf(await signedFile(signed, stolen));
      const file = contentOf(await signedFile(signed, own.offline.root));
      const all = [...file.signatures, ...signatures, ...signatures];
      return Buffer.from(JSON.stringify({ ...file, signatures: all }));
    }),
  },
  {
    name: "root-refused-then-restarted",
    kind: "install",
    attacker: "evil-server",
    checklist: [7],
    says: "a root of the attacker's, offered again after a restart,",
    rule: "threshold-not-met",
    act: async (scene, isEvil) => {
      const act = byRoot((_scene, own, signed) => signedFile(signed, own.offline.root));
      const release = await act(scene, isEvil);
      if (!isEvil) return release;
      await scene.wake();
      await scene.refusedBy("threshold-not-met");
      await scene.switchOff();
      scene.forgetEvidence();
      scene.offer(release);
      return release;
    },
  },
  {
    name: "repository-of-the-attacker",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a repository of the attacker's without a root in between, as on a first contact,",
    rule: "threshold-not-met",
    act: async (scene, isEvil) => {
      const release = isEvil ? await scene.build() : await scene.release();
      scene.serve();
      if (isEvil) {
        scene.server.addBlob(release.bytes);
        const files = await repositoryOfTheAttacker(scene, release, (own, signed) =>
          signedFile(signed, own.offline.root),
        );
        const next = `${scene.repository.rootVersion + 1}.root.json`;
        files.set(`${scene.repository.rootVersion}.root.json`, files.get(next) ?? Buffer.alloc(0));
        files.delete(next);
        scene.serve(files);
      }
      scene.offer(release);
      return release;
    },
  },
  {
    name: "root-that-skips-one",
    kind: "install",
    attacker: "evil-server",
    checklist: [9],
    says: "a genuine root served in place of the one before it, which the device would then never see,",
    rule: "root-not-next",
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository } = scene;
      const next = repository.rootVersion + 1;
      await repository.rotateRoot();
      await repository.rotateRoot();
      const release = await scene.release();
      if (isEvil) {
        const files = new Map(repository.files);
        files.set(`${next}.root.json`, repository.root);
        scene.serve(files);
      }
      scene.offer(release);
      return release;
    },
  },
  {
    name: "anchor-empty",
    kind: "install",
    attacker: "evil-server",
    checklist: [3],
    says: "a device whose provisioned root is damaged: whatever it is offered",
    rule: "provisioning-invalid",
    scene: { prepare: provisionedRoot((root) => root.slice(0, root.length >> 1)) },
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const release = await scene.release();
      if (!isEvil) scene.provision();
      scene.offer(release);
      return release;
    },
  },
  {
    name: "anchor-without-signatures",
    kind: "install",
    attacker: "evil-server",
    checklist: [3],
    says: "a device whose provisioned root nobody signed: whatever it is offered",
    rule: "provisioning-invalid",
    scene: {
      prepare: provisionedRoot((root) => {
        const { signed } = contentOf(Buffer.from(root));
        return JSON.stringify({ signatures: [], signed });
      }),
    },
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const release = await scene.release();
      if (!isEvil) scene.provision();
      scene.offer(release);
      return release;
    },
  },
];
