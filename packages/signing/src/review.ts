import { DAY_MS, type InstantMs } from "@moult/base";
import { INSTRUCTION_FIELD, type RootMetadata, type TargetsMetadata } from "@moult/trust";

/** Something that a person should know before signing, or mend soon. */
export interface ReviewFinding {
  readonly role: string;
  readonly kind:
    | "expired"
    | "expires-soon"
    | "lives-too-long"
    | "threshold-one"
    | "single-root-key"
    | "no-spare-root-key"
    | "online-key-signs-offline"
    | "key-signs-two-roles"
    | "no-instruction-key";
  readonly sentence: string;
}

/** When the console begins to warn as well. */
const EXPIRES_SOON_MS = 90 * DAY_MS;
/** Twice what is usual: a signature that holds for a decade outlives those who could take it back. */
const LIFETIME_MS_MAX = 5 * 365 * DAY_MS;

export interface Reviewed {
  readonly root: RootMetadata;
  readonly targets?: TargetsMetadata | undefined;
  /** Of the channels, by name. */
  readonly roles?: Readonly<Record<string, TargetsMetadata>>;
  readonly now: InstantMs;
}

/** What is weak in metadata that is well-formed. Nothing here forbids it: a trial of one person is weak too. */
export function review({ root, targets, roles = {}, now }: Reviewed): readonly ReviewFinding[] {
  const files = Object.entries({ root, ...(targets === undefined ? {} : { targets }), ...roles });
  return [
    ...files.flatMap(([role, { expires }]) => expiryFindings(role, Date.parse(expires), now)),
    ...rootFindings(root),
    ...channelFindings(root, targets),
  ];
}

function expiryFindings(role: string, expiresMs: number, now: number): readonly ReviewFinding[] {
  const days = Math.floor((expiresMs - now) / DAY_MS);
  if (expiresMs <= now)
    return [
      { role, kind: "expired", sentence: `${role} has expired: devices install nothing new.` },
    ];
  if (expiresMs - now < EXPIRES_SOON_MS)
    return [{ role, kind: "expires-soon", sentence: `${role} expires in ${days} days.` }];
  if (expiresMs - now > LIFETIME_MS_MAX)
    return [
      { role, kind: "lives-too-long", sentence: `${role} is valid for ${days} days: too long.` },
    ];
  return [];
}

function rootFindings({ roles, ...root }: RootMetadata): readonly ReviewFinding[] {
  const findings: ReviewFinding[] = [];
  const { keyids, threshold } = roles.root;
  if (keyids.length === 1)
    findings.push({
      role: "root",
      kind: "single-root-key",
      sentence:
        "There is one root key: whoever has it has everything, and without it nothing can change.",
    });
  else if (threshold === 1)
    findings.push({
      role: "root",
      kind: "threshold-one",
      sentence: "One root key is enough to sign: a stolen one is a stolen fleet.",
    });
  else if (threshold === keyids.length)
    findings.push({
      role: "root",
      kind: "no-spare-root-key",
      sentence: `All ${keyids.length} root keys are needed: when one is lost, root can never change again.`,
    });
  if ((root[INSTRUCTION_FIELD]?.keyids ?? []).length === 0)
    findings.push({
      role: "root",
      kind: "no-instruction-key",
      sentence: "No key may sign instructions: devices would obey nobody.",
    });
  return findings;
}

function channelFindings(
  root: RootMetadata,
  targets: TargetsMetadata | undefined,
): readonly ReviewFinding[] {
  const { snapshot, timestamp } = root.roles;
  const online = new Set(
    [...snapshot.keyids, ...timestamp.keyids, ...(root[INSTRUCTION_FIELD]?.keyids ?? [])].map(
      (keyid) => root.keys[keyid]?.keyval.public,
    ),
  );
  const offline = [
    { name: "root", keys: root.keys, role: root.roles.root },
    { name: "targets", keys: root.keys, role: root.roles.targets },
    ...(targets?.delegations?.roles ?? []).map((role) => ({
      name: role.name,
      keys: targets?.delegations?.keys ?? {},
      role,
    })),
  ];
  const rootKeys = new Set(root.roles.root.keyids.map((id) => root.keys[id]?.keyval.public));
  return offline.flatMap(({ name, keys, role }): ReviewFinding[] => {
    const material = role.keyids.map((keyid) => keys[keyid]?.keyval.public);
    const isProduction = name.endsWith(".prod");
    return [
      ...(material.some((each) => online.has(each))
        ? [
            {
              role: name,
              kind: "online-key-signs-offline" as const,
              sentence: `A key of the server may sign for ${name}: whoever takes the server over can, too.`,
            },
          ]
        : []),
      ...(name !== "root" && material.some((each) => rootKeys.has(each))
        ? [
            {
              role: name,
              kind: "key-signs-two-roles" as const,
              sentence: `A root key also signs for ${name}: it comes out of its safe more often than it should.`,
            },
          ]
        : []),
      ...(isProduction && role.threshold === 1
        ? [
            {
              role: name,
              kind: "threshold-one" as const,
              sentence: `One key is enough to sign releases of ${name}; CI's key and a person's are better.`,
            },
          ]
        : []),
    ];
  });
}
