import type { Attack } from "../attack.fixture.ts";
import { publish, type Release } from "../release.fixture.ts";
import { PROD, contentOf, type Files, type Signed } from "../repository.fixture.ts";
import type { Scene } from "../scene.fixture.ts";
import { NOT_FOUND } from "../wire.fixture.ts";

/** A timestamp that the stolen timestamp key signs, whose text is not what a strict reader takes. */
const timestampText =
  (write: (text: string) => string, alter: (signed: Signed) => object = (signed) => signed) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = await scene.release();
    const files = await scene.repository.reissue(isEvil ? { alterTimestamp: alter } : {});
    if (isEvil) {
      const text = (files.get("timestamp.json") ?? Buffer.alloc(0)).toString("utf8");
      const written = write(text);
      if (written === text) throw new Error("the attack changes the text");
      files.set("timestamp.json", Buffer.from(written));
    }
    scene.serve(files);
    scene.offer(release);
    return release;
  };

/** A timestamp that the stolen timestamp key signs, and that says something it must not. */
const timestampSaying =
  (alter: (signed: Signed) => object) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = await scene.release();
    scene.serve(await scene.repository.reissue(isEvil ? { alterTimestamp: alter } : {}));
    scene.offer(release);
    return release;
  };

/** Instead of what the repository has under a name, in the evil half. */
const fileInstead =
  (swap: (files: Files, scene: Scene) => void | Promise<void>) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = await scene.release();
    const files = new Map(scene.repository.files);
    if (isEvil) await swap(files, scene);
    scene.serve(files);
    scene.offer(release);
    return release;
  };

const snapshotEntry = (signed: Signed, entry: object): object => {
  const meta = signed["meta"] as { "snapshot.json": object };
  return { ...signed, meta: { "snapshot.json": { ...meta["snapshot.json"], ...entry } } };
};

/** What every reader of the signed part must refuse, and TUF's older readers did not. */
const SAID: readonly (readonly [
  name: string,
  says: string,
  rule: string,
  checklist: readonly number[],
  alter: (signed: Signed) => object,
])[] = [
  [
    "expiry-garbage",
    "metadata whose end is no date",
    "metadata-invalid",
    [17],
    (signed) => ({ ...signed, expires: "never" }),
  ],
  [
    "expiry-year-only",
    "metadata whose end is a bare year",
    "metadata-invalid",
    [17],
    (signed) => ({ ...signed, expires: "2030" }),
  ],
  [
    "expiry-missing",
    "metadata without an end",
    "metadata-invalid",
    [17],
    (signed) => ({ ...signed, expires: undefined }),
  ],
  [
    "version-negative",
    "metadata with a negative version",
    "metadata-invalid",
    [5],
    (signed) => ({ ...signed, version: -1 }),
  ],
  [
    "version-as-text",
    "metadata whose version is a text",
    "metadata-invalid",
    [5],
    (signed) => ({ ...signed, version: "99" }),
  ],
  [
    "type-of-another-role",
    "a document of another role that the stolen key signed",
    "metadata-invalid",
    [],
    (signed) => ({ ...signed, _type: "snapshot" }),
  ],
  [
    "hashes-empty",
    "an entry with an empty list of hashes",
    "metadata-invalid",
    [1],
    (signed) => snapshotEntry(signed, { hashes: {} }),
  ],
  [
    "hash-md5",
    "an entry with an MD5 digest alone",
    "hash-unknown",
    [],
    (signed) => snapshotEntry(signed, { hashes: { md5: "0".repeat(32) } }),
  ],
  [
    "hash-other",
    "a snapshot other than the one that the timestamp names",
    "hash-mismatch",
    [],
    (signed) => snapshotEntry(signed, { hashes: { sha256: "0".repeat(64) } }),
  ],
  [
    "length-other",
    "a snapshot of another length than the timestamp names",
    "length-mismatch",
    [],
    (signed) => snapshotEntry(signed, { length: 10_000 }),
  ],
  [
    "length-huge",
    "a snapshot that is said to have 2^52 bytes",
    "file-too-large",
    [5],
    (signed) => snapshotEntry(signed, { length: 2 ** 52 }),
  ],
  [
    "spec-version-of-the-future",
    "metadata of a version of TUF that is not known here",
    "metadata-invalid",
    [],
    (signed) => ({ ...signed, spec_version: "2.0.0" }),
  ],
];

const TEXTS: readonly Attack[] = [
  {
    name: "name-given-twice",
    kind: "install",
    attacker: "evil-server",
    checklist: [42],
    says: "signed JSON that gives a name twice",
    rule: "json-invalid",
    act: timestampText((text) => text.replace('"_type"', '"version":1,"_type"')),
  },
  {
    name: "name-of-the-prototype",
    kind: "install",
    attacker: "evil-server",
    checklist: [42],
    says: "signed JSON with a member __proto__",
    rule: "json-invalid",
    act: timestampText((text) => text.replace('"_type"', '"__proto__":{"expires":"x"},"_type"')),
  },
  {
    name: "version-with-a-fraction",
    kind: "install",
    attacker: "evil-server",
    checklist: [5, 43],
    says: "signed JSON with a number that other readers would write in another way",
    rule: "json-invalid",
    act: timestampText((text) =>
      text.replace(/"version":(\d+),"expires"/, '"version":$1.0,"expires"'),
    ),
  },
  {
    name: "number-beyond-safe-integers",
    kind: "install",
    attacker: "evil-server",
    checklist: [5],
    says: "signed JSON with the number 2^53",
    rule: "json-invalid",
    act: timestampText((text) => text.replace('"_type"', '"x":9007199254740992,"_type"')),
  },
  {
    name: "nested-deeply",
    kind: "install",
    attacker: "evil-server",
    checklist: [42],
    says: "signed JSON with seven thousand brackets within each other",
    rule: "json-invalid",
    act: timestampText((text) =>
      text.replace('"_type"', `"x":${"[".repeat(7_000)}${"]".repeat(7_000)},"_type"`),
    ),
  },
];

const SIZES: readonly Attack[] = [
  {
    name: "junk-root",
    kind: "install",
    attacker: "evil-server",
    checklist: [16],
    says: "a next root of 64 KB of junk keys that nobody signed",
    rule: "threshold-not-met",
    act: fileInstead((files, { repository }) => {
      const { signed } = contentOf(repository.root);
      const version = repository.rootVersion + 1;
      const keys = { ...(signed["keys"] as object) } as Record<string, object>;
      for (let index = 0; index < 380; index += 1)
        keys[`junk-${index}`] = {
          keytype: "ed25519",
          scheme: "ed25519",
          keyval: { public: "0".repeat(64) },
        };
      const bytes = Buffer.from(
        JSON.stringify({ signatures: [], signed: { ...signed, version, keys } }),
      );
      files.set(`${version}.root.json`, bytes.subarray(0, 65_536));
      if (bytes.length > 65_536) throw new Error("the junk root is within the bound");
    }),
  },
  {
    name: "root-too-large",
    kind: "install",
    attacker: "evil-server",
    checklist: [16],
    says: "a next root of 512 KB",
    rule: "file-too-large",
    act: fileInstead((files, { repository }) => {
      files.set(`${repository.rootVersion + 1}.root.json`, Buffer.alloc(524_288, "[1,"));
    }),
  },
  {
    name: "timestamp-without-end",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "a timestamp that goes on for ever",
    rule: "file-too-large",
    act: onTheWire("timestamp.json", { bytes: 30_000, pauseMs: 5, isEndless: true }),
  },
  {
    name: "timestamp-drop-by-drop",
    kind: "install",
    attacker: "network",
    checklist: [41],
    says: "a timestamp of which a byte comes now and then",
    rule: "request-timed-out",
    scene: { config: { http: { timeoutSeconds: 1 } } },
    act: onTheWire("timestamp.json", { bytes: 1, pauseMs: 400 }),
  },
  {
    name: "timestamp-changed-on-its-way",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "a timestamp that somebody on the network changed",
    rule: "threshold-not-met",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      scene.wire.tamper = (answer) => {
        if (!isEvil || !answer.path.endsWith("/timestamp.json")) return answer;
        const text = answer.body.toString("utf8");
        const longer = text.replace(
          /"expires":"20(\d\d)/,
          (_, year) => `"expires":"20${Number(year) + 9}`,
        );
        return { ...answer, body: Buffer.from(longer) };
      };
      scene.offer(release);
      return release;
    },
  },
  {
    name: "metadata-missing",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "a repository whose channel somebody on the network hides",
    rule: "file-missing",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      scene.wire.tamper = (answer) => {
        if (!isEvil || !answer.path.endsWith(`.${PROD}.json`)) return answer;
        return NOT_FOUND;
      };
      scene.offer(release);
      return release;
    },
  },
];

function onTheWire(name: string, drip: { bytes: number; pauseMs: number; isEndless?: boolean }) {
  return async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = await scene.release();
    scene.wire.tamper = (answer) =>
      isEvil && answer.path.endsWith(`/${name}`) ? { ...answer, drip } : answer;
    scene.offer(release);
    return release;
  };
}

const PATHS: readonly Attack[] = [
  ["path-climbing-out", "../dev/x"],
  ["path-encoded", "%2e%2e/dev/x"],
  ["path-with-backslash", "..\\dev\\x"],
  ["path-with-nul", "x\u0000/y"],
  ["path-without-end", `${"x/".repeat(200)}y`],
].map(([name = "", tail = ""]) => ({
  name,
  kind: "install" as const,
  attacker: "evil-server" as const,
  checklist: [13],
  says: `a target whose path is ${name.replaceAll("-", " ").replace("path ", "")}`,
  rule: name === "path-without-end" ? "target-not-signed" : "outside-path-prefix",
  act: async (scene: Scene, isEvil: boolean) => {
    const release = await scene.build();
    const path = isEvil ? `gw2/prod/${tail}` : release.path;
    // Signed as it stands: not even the keys of the role make such a path one of this device's.
    await publish(scene.repository, [{ ...release, path }]);
    scene.serve();
    scene.server.addBlob(release.bytes);
    scene.offer(release, { path });
    return release;
  },
}));

export const DOCUMENT_ATTACKS: readonly Attack[] = [
  ...SAID.map(([name, says, rule, checklist, alter]): Attack => ({
    name,
    kind: "install",
    attacker: "evil-server",
    checklist,
    says,
    rule,
    act: timestampSaying(alter),
  })),
  ...TEXTS,
  ...SIZES,
  ...PATHS,
];
