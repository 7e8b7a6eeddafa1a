import type { KeySigner } from "@moult/signing";
import { memorySigner } from "../../../tools/local/local-trust.ts";
import type { Attack } from "../attack.fixture.ts";
import { buildRelease, publish, type Release } from "../release.fixture.ts";
import {
  DEV,
  PROD,
  contentOf,
  signedFile,
  type Files,
  type Repository,
} from "../repository.fixture.ts";
import type { Scene } from "../scene.fixture.ts";

/** Offers a release that its signers never saw, with the repository as `files` pretend it is. */
async function offerUnsigned(
  scene: Scene,
  pretend: (release: Release) => Promise<Files>,
): Promise<Release> {
  const release = await scene.build();
  scene.serve(await pretend(release));
  scene.server.addBlob(release.bytes);
  scene.offer(release);
  return release;
}

/** The prod role's content with a release in it that nobody signed; its version is the next. */
function prodWith(repository: Repository, { path, entry }: Release) {
  const { signatures, signed } = contentOf(repository.roleFile(PROD));
  const targets = { ...(signed["targets"] as object), [path]: entry };
  const version = (repository.roleVersions[PROD] ?? 0) + 1;
  return { version, signatures, signed: { ...signed, version, targets } };
}

/** An attack that passes off a forged prod role as the operator's, beneath a genuine snapshot and timestamp. */
const forgedProd =
  (forge: (repository: Repository, role: ReturnType<typeof prodWith>) => Promise<Buffer>) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const { repository } = scene;
    if (!isEvil) return scene.offerNew();
    return offerUnsigned(scene, async (release) => {
      const role = prodWith(repository, release);
      const bytes = await forge(repository, role);
      return repository.reissue({ roles: { [PROD]: { version: role.version, bytes } } });
    });
  };

/** Nobody who may has signed it. */
export const SOFTWARE_ATTACKS: readonly Attack[] = [
  {
    name: "software-that-nobody-signed",
    kind: "install",
    attacker: "evil-server",
    checklist: [22],
    says: "software that no offline key signed",
    rule: "target-not-signed",
    act: async (scene, isEvil) =>
      isEvil ? offerUnsigned(scene, () => scene.repository.reissue()) : scene.offerNew(),
  },
  {
    name: "server-says-not-to-verify",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "software that no offline key signed, with a signed instruction full of switches that are to turn verification off,",
    rule: "target-not-signed",
    act: async (scene, isEvil) => {
      scene.server.alter = (instruction) => ({
        ...instruction,
        ...(isEvil
          ? { trust: "none", verify: false, allowUnsigned: true, root: "{}", script: "true" }
          : {}),
      });
      if (!isEvil) return scene.offerNew();
      return offerUnsigned(scene, () => scene.repository.reissue());
    },
  },
  {
    name: "role-by-revoked-keys",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a role by both of its stolen keys, which newer delegations that the device has seen took back,",
    rule: "threshold-not-met",
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository } = scene;
      const stolen = repository.keysOf(PROD).keys;
      const keys = [memorySigner(), memorySigner()];
      repository.offline.roles.set(PROD, { keys, threshold: 2 });
      await repository.publishTargets();
      await scene.takesIn(await scene.release());
      if (!isEvil) return scene.offerNew();
      return offerUnsigned(scene, async (release) => {
        const { signed, version } = prodWith(repository, release);
        const bytes = await signedFile(signed, stolen);
        return repository.reissue({ roles: { [PROD]: { version, bytes } } });
      });
    },
  },
  {
    name: "role-signed-with-online-keys",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a role that the attacker signed with the server's keys",
    rule: "threshold-not-met",
    act: forgedProd(({ online }, { signed }) => signedFile(signed, Object.values(online))),
  },
  {
    name: "role-changed-after-signing",
    kind: "install",
    attacker: "evil-server",
    checklist: [2],
    says: "a role that was signed and changed afterwards",
    rule: "threshold-not-met",
    act: forgedProd((_repository, { signatures, signed }) =>
      Promise.resolve(Buffer.from(JSON.stringify({ signatures, signed }))),
    ),
  },
  {
    name: "role-by-one-stolen-key",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a role that one stolen key signed, where two must sign,",
    rule: "threshold-not-met",
    act: forgedProd((repository, { signed }) =>
      signedFile(signed, repository.keysOf(PROD).keys.slice(0, 1)),
    ),
  },
  {
    name: "role-by-one-stolen-key-twice",
    kind: "install",
    attacker: "evil-server",
    checklist: [11],
    says: "a role that carries the signature of one stolen key twice",
    rule: "duplicate-signature",
    act: forgedProd(async (repository, { signed }) => {
      const file = contentOf(await signedFile(signed, repository.keysOf(PROD).keys.slice(0, 1)));
      const signatures = [...file.signatures, ...file.signatures];
      return Buffer.from(JSON.stringify({ signed: file.signed, signatures }));
    }),
  },
  {
    name: "one-key-under-two-names",
    kind: "install",
    attacker: "evil-server",
    checklist: [11],
    says: "a role that one stolen key signed under two names which the operator carelessly gave it",
    rule: "threshold-not-met",
    act: async (scene, isEvil) => {
      const { repository } = scene;
      const [ci = memorySigner(), person = memorySigner()] = repository.keysOf(PROD).keys;
      const keyid = "f".repeat(64);
      const alias = { ...ci, keyid, key: { ...ci.key, keyid } };
      repository.offline.roles.set(PROD, { keys: [ci, person, alias], threshold: 2 });
      await repository.publishTargets();
      if (!isEvil) return scene.offerNew();
      return offerUnsigned(scene, async (release) => {
        const { signed, version } = prodWith(repository, release);
        const bytes = await signedFile(signed, [ci, alias]);
        return repository.reissue({ roles: { [PROD]: { version, bytes } } });
      });
    },
  },
  {
    name: "delegation-to-the-attacker",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "a delegation of the channel to the attacker's own key, signed with the server's keys,",
    rule: "threshold-not-met",
    // The snapshot that the device has taken in names a later version of the delegations than the operator's.
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository } = scene;
      if (!isEvil) return scene.offerNew();
      return offerUnsigned(scene, async (release) => {
        const own = repository.copy();
        own.offline.roles.set(PROD, { keys: [memorySigner()], threshold: 1 });
        own.offline.targets.splice(0, 1, own.online.snapshot);
        await own.publishTargets();
        await publish(own, [release]);
        repository.snapshotVersion = own.snapshotVersion;
        repository.timestampVersion = own.timestampVersion;
        return own.files;
      });
    },
  },
  {
    name: "development-key-signs-production",
    kind: "install",
    attacker: "evil-server",
    checklist: [15, 26],
    says: "a production release that the stolen development key signed",
    rule: "target-not-signed",
    act: async (scene, isEvil) => {
      const { repository } = scene;
      if (!isEvil) return scene.offerNew();
      const release = await scene.build();
      await publish(repository, [release], DEV);
      scene.serve();
      scene.server.addBlob(release.bytes);
      scene.offer(release);
      return release;
    },
  },
  {
    name: "role-of-another-delegator",
    kind: "install",
    attacker: "evil-server",
    checklist: [14, 15],
    says: "a role that the keys of one delegation signed, reached by another delegation,",
    rule: "threshold-not-met",
    act: async (scene, isEvil) => {
      const [theirs, ours] = [memorySigner(), memorySigner()];
      await publishTeams(scene.repository, [
        { name: "theirs", own: memorySigner(), shared: theirs, paths: ["gw2/prod/t-*/*"] },
        { name: "ours", own: memorySigner(), shared: ours, paths: ["gw2/prod/*/*"] },
      ]);
      const first = await buildRelease({ version: `t-${scene.repository.timestampVersion}` });
      const release = await scene.build();
      for (const { bytes } of [first, release]) scene.server.addBlob(bytes);
      await publishShared(scene.repository, theirs, [first, release]);
      scene.serve();
      await scene.takesIn(first);
      if (!isEvil) await publishShared(scene.repository, ours, [release]);
      scene.serve();
      scene.offer(release);
      return release;
    },
  },
];

interface Team {
  readonly name: string;
  readonly own: KeySigner;
  /** The key to which this team hands the role `shared` on. */
  readonly shared: KeySigner;
  readonly paths: readonly string[];
}

/** The operator hands paths to teams, and each team hands its paths on to the same role with a key of its own. */
async function publishTeams(repository: Repository, teams: readonly Team[]): Promise<void> {
  const edge = (name: string, { keyid }: KeySigner, paths: readonly string[]) => ({
    name,
    keyids: [keyid],
    threshold: 1,
    terminating: true,
    paths,
  });
  const keysOf = (signers: readonly KeySigner[]) =>
    Object.fromEntries(
      signers.map(({ key: { keyid, keytype, scheme, keyval } }) => [
        keyid,
        { keytype, scheme, keyval },
      ]),
    );
  const { signed } = contentOf(repository.roleFile(PROD));
  for (const { name, own, shared } of teams) {
    const version = repository.nextVersion(name);
    const roles = [edge("shared", shared, ["gw2/prod/*/*"])];
    const delegations = { keys: keysOf([shared]), roles };
    const content = { ...signed, version, targets: {}, delegations };
    repository.files.set(`${version}.${name}.json`, await signedFile(content, [own]));
  }
  await repository.publishTargets(undefined, (targets) => ({
    ...targets,
    delegations: {
      keys: keysOf(teams.map(({ own }) => own)),
      roles: teams.map(({ name, own, paths }) => edge(name, own, paths)),
    },
  }));
}

async function publishShared(
  repository: Repository,
  key: KeySigner,
  releases: readonly Release[],
): Promise<void> {
  const version = repository.nextVersion("shared");
  const { signed } = contentOf(repository.roleFile(PROD));
  const targets = Object.fromEntries(releases.map(({ path, entry }) => [path, entry]));
  const bytes = await signedFile({ ...signed, version, targets }, [key]);
  repository.files.set(`${version}.shared.json`, bytes);
  await repository.renew();
}
