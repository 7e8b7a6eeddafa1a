import { rmSync } from "node:fs";
import { join } from "node:path";
import { HOUR_MS } from "@moult/base";
import type { Attack } from "../attack.fixture.ts";
import { publish, type Release } from "../release.fixture.ts";
import {
  DEV,
  PROD,
  contentOf,
  sha256Of,
  signedFile,
  type Files,
  type Reissue,
  type Signed,
} from "../repository.fixture.ts";
import type { Scene } from "../scene.fixture.ts";

/** What the repository was while a release was still in it that the operator withdrew later. */
interface Withdrawn {
  readonly release: Release;
  readonly before: {
    readonly files: Files;
    readonly roleVersion: number;
    readonly snapshotVersion: number;
  };
}

/** A release that was published and, in the evil half, withdrawn again, which the device knows. */
async function withdrawn(scene: Scene, isEvil: boolean): Promise<Withdrawn> {
  const { repository } = scene;
  const release = await scene.release();
  const before = {
    files: new Map(repository.files),
    roleVersion: repository.roleVersions[PROD] ?? 0,
    snapshotVersion: repository.snapshotVersion,
  };
  // The device takes in what came after, so it has seen the role without the release.
  if (isEvil) delete repository.targets[PROD]?.[release.path];
  await scene.takesIn(await scene.release());
  return { release, before };
}

/** An attack on a device that knows that a release was withdrawn: older metadata are to bring it back. */
const back =
  (restore: (scene: Scene, before: Withdrawn["before"]) => Promise<Files>) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const { release, before } = await withdrawn(scene, isEvil);
    if (isEvil) scene.serve(await restore(scene, before));
    scene.offer(release);
    return release;
  };

const ROLLBACKS: readonly Attack[] = [
  {
    name: "stick-of-before",
    kind: "install",
    attacker: "network",
    checklist: [20],
    says: "a withdrawn release from an old stick, with the metadata of before its withdrawal,",
    rule: "version-rollback",
    act: async (scene, isEvil) => {
      const { release, before } = await withdrawn(scene, isEvil);
      scene.server.instruct({ kind: "nothing-to-do" });
      await scene.installFromStick(release, isEvil ? before.files : scene.repository.files);
      return release;
    },
  },
  {
    name: "timestamp-of-before",
    kind: "install",
    attacker: "evil-server",
    checklist: [8],
    says: "a withdrawn release with the timestamp of before its withdrawal",
    rule: "version-rollback",
    act: back((_scene, { files }) => Promise.resolve(files)),
  },
  {
    name: "snapshot-of-before",
    kind: "install",
    attacker: "evil-server",
    checklist: [8],
    says: "a withdrawn release with a new timestamp over the snapshot of before its withdrawal",
    rule: "version-rollback",
    act: back(async ({ repository }, { files, snapshotVersion }) => {
      const bytes = files.get(`${snapshotVersion}.snapshot.json`) ?? Buffer.alloc(0);
      return repository.reissue({
        alterTimestamp: (signed) => ({
          ...signed,
          meta: {
            "snapshot.json": {
              version: snapshotVersion,
              length: bytes.length,
              hashes: { sha256: sha256Of(bytes) },
            },
          },
        }),
      });
    }),
  },
  {
    name: "role-of-before",
    kind: "install",
    attacker: "evil-server",
    checklist: [8],
    says: "a withdrawn release with a new snapshot that lists the role of before its withdrawal",
    rule: "version-rollback",
    act: back(({ repository }, { files, roleVersion }) => {
      const bytes = files.get(`${roleVersion}.${PROD}.json`) ?? Buffer.alloc(0);
      return repository.reissue({ roles: { [PROD]: { version: roleVersion, bytes } } });
    }),
  },
  {
    name: "role-of-before-under-the-new-version",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a withdrawn release with the old role served as the newest (mix and match)",
    rule: "version-mismatch",
    act: back(({ repository }, { files, roleVersion }) => {
      const bytes = files.get(`${roleVersion}.${PROD}.json`) ?? Buffer.alloc(0);
      const version = (repository.roleVersions[PROD] ?? 0) + 1;
      return repository.reissue({ roles: { [PROD]: { version, bytes } } });
    }),
  },
  {
    name: "role-taken-out-of-the-snapshot",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a snapshot that no longer lists a role which the device knows",
    rule: "role-removed",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      await scene.takesIn(await scene.release());
      if (isEvil)
        scene.serve(await scene.repository.reissue({ alterSnapshot: without(`${DEV}.json`) }));
      scene.offer(release);
      return release;
    },
  },
  {
    name: "role-never-in-the-snapshot",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a role that is not in the snapshot",
    rule: "role-not-in-snapshot",
    // A device that knows an older snapshot refuses it by another rule.
    scene: {
      prepare: (root) => rmSync(join(root, "var/lib/moult/trust"), { recursive: true }),
    },
    hasTwinOfItsOwn: true,
    act: published((isEvil) => (isEvil ? { alterSnapshot: without(`${PROD}.json`) } : {})),
  },
  {
    name: "role-with-other-content-than-before",
    kind: "install",
    attacker: "evil-server",
    checklist: [21],
    says: "a role with the version that the device has and other content, signed with stolen role keys,",
    rule: "content-changed",
    act: async (scene, isEvil) => {
      const { repository } = scene;
      const release = await scene.build();
      scene.server.addBlob(release.bytes);
      await scene.takesIn(await scene.release());
      if (isEvil) {
        const { signed } = contentOf(repository.roleFile(PROD));
        const targets = { ...(signed["targets"] as object), [release.path]: release.entry };
        const { keys } = repository.keysOf(PROD);
        const bytes = await signedFile({ ...signed, targets }, keys);
        const version = repository.roleVersions[PROD] ?? 0;
        scene.serve(
          await repository.reissue({
            roles: { [PROD]: { version, bytes } },
            // Said to be longer, so that the device does not go by what it has.
            alterSnapshot: (snapshot) =>
              withEntry(snapshot, `${PROD}.json`, { version, length: bytes.length }),
          }),
        );
      } else {
        await publish(repository, [release]);
        scene.serve();
      }
      scene.offer(release);
      return release;
    },
  },
];

function without(name: string) {
  return (signed: Signed): object => {
    const { [name]: _, ...meta } = signed["meta"] as Record<string, object>;
    return { ...signed, meta };
  };
}

const withEntry = (signed: Signed, name: string, entry: object): object => ({
  ...signed,
  meta: { ...(signed["meta"] as object), [name]: entry },
});

/** A release whose signers did all they had to; what the online keys sign around it differs. */
function published(how: (isEvil: boolean) => Reissue) {
  return async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = await scene.release();
    scene.serve(await scene.repository.reissue(how(isEvil)));
    scene.offer(release);
    return release;
  };
}

const EXPIRED = -HOUR_MS;

const OUT_OF_DATE: readonly Attack[] = [
  {
    name: "timestamp-past-its-end",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a timestamp past its end, played back by somebody who stole the instruction key alone,",
    rule: "expired",
    act: published((isEvil) => (isEvil ? { timestampLifetimeMs: EXPIRED } : {})),
  },
  {
    name: "snapshot-past-its-end",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a snapshot past its end, under a fresh timestamp,",
    rule: "expired",
    act: published((isEvil) => (isEvil ? { snapshotLifetimeMs: EXPIRED } : {})),
  },
  {
    name: "role-past-its-end",
    kind: "install",
    attacker: "evil-server",
    checklist: [12],
    says: "a role past its end, under a fresh snapshot and timestamp,",
    rule: "expired",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      await scene.repository.publishRole(PROD, isEvil ? EXPIRED : undefined);
      await scene.repository.renew();
      scene.serve();
      scene.offer(release);
      return release;
    },
  },
  {
    name: "targets-past-their-end",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "delegations past their end, under a fresh snapshot and timestamp,",
    rule: "expired",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      await scene.repository.publishTargets(isEvil ? EXPIRED : undefined);
      await scene.repository.renew();
      scene.serve();
      scene.offer(release);
      return release;
    },
  },
  {
    name: "root-past-its-end",
    kind: "install",
    attacker: "evil-server",
    checklist: [20],
    says: "a root past its end, with all else fresh,",
    rule: "expired",
    act: async (scene, isEvil) => {
      const { repository } = scene;
      const release = await scene.release();
      await repository.rotateRoot([], isEvil ? EXPIRED : undefined);
      await repository.renew();
      scene.serve();
      scene.offer(release);
      return release;
    },
  },
  {
    name: "clock-turned-back",
    kind: "install",
    attacker: "evil-server",
    checklist: [40],
    says: "a role past its end, on a device whose clock somebody on the network turned back,",
    rule: "expired",
    scene: { hasOwnClock: true },
    act: async (scene, isEvil) => {
      const release = await scene.release();
      await scene.repository.publishRole(PROD, isEvil ? EXPIRED : undefined);
      await scene.repository.renew();
      scene.serve();
      scene.setClock(-2 * HOUR_MS);
      scene.offer(release);
      return release;
    },
  },
];

export const METADATA_ATTACKS: readonly Attack[] = [...ROLLBACKS, ...OUT_OF_DATE];
