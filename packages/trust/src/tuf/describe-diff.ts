import {
  INSTRUCTION_FIELD,
  RootMetadata,
  TargetsMetadata,
  type DelegatedRole,
} from "./metadata.ts";
import { SignedLeaves, type LeafDifference } from "./signed-leaves.ts";
import { targetCustom } from "./target-custom.ts";

/** What a metadata file signs, with every field it has. */
export type Signed = Readonly<Record<string, unknown>>;

export interface DiffOptions {
  /** What a person calls a key, if it is known here. */
  readonly keyName?: (keyid: string) => string | undefined;
}

const VALUE_LENGTH_MAX = 160;
const ROOT_ROLES = ["root", "targets", "snapshot", "timestamp"] as const;

/**
 * What changes from one version of a role to the next, one line each: `+` comes, `-` goes, `~` changes. Whatever it has no
 * words for is shown as it is, so that nobody signs what was not shown.
 */
export function describeDiff(
  before: Signed | undefined,
  after: Signed,
  { keyName = () => undefined }: DiffOptions = {},
): readonly string[] {
  const said = new Said(keyName);
  const root = RootMetadata.safeParse(after).data;
  const targets = TargetsMetadata.safeParse(after).data;
  if (root !== undefined) sayRoot(said, RootMetadata.safeParse(before).data, root);
  if (targets !== undefined) sayTargets(said, TargetsMetadata.safeParse(before).data, targets);

  const differences = new SignedLeaves(before).differences(new SignedLeaves(after));
  for (const difference of differences)
    if (!said.covers(difference.path) && !isExpected(before, difference)) said.leaf(difference);
  return said.lines;
}

/** What was said, and which paths need no further word. */
class Said {
  readonly lines: string[] = [];
  readonly #paths: (readonly string[])[] = [];
  readonly #keyName: (keyid: string) => string | undefined;

  constructor(keyName: (keyid: string) => string | undefined) {
    this.#keyName = keyName;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  cover(...path: readonly string[]): void {
    this.#paths.push(path);
  }

  covers(path: readonly string[]): boolean {
    return this.#paths.some((covered) => covered.every((name, index) => path[index] === name));
  }

  change(
    name: string,
    before: string | number | undefined,
    after: string | number,
    path = [name],
  ): void {
    this.cover(...path);
    if (before === undefined) this.line(`+ ${name} ${after}`);
    else if (before !== after) this.line(`~ ${name} ${before} -> ${after}`);
  }

  leaf({ path, before, after }: LeafDifference): void {
    const sign = before === undefined ? "+" : after === undefined ? "-" : "~";
    const values = [before, after].filter((value) => value !== undefined).map(short);
    this.line(`${sign} ${path.join(".")}: ${values.join(" -> ")}`);
  }

  key(keyid: string, scheme: string): string {
    const name = this.#keyName(keyid);
    return `${name === undefined ? "" : `${name}, `}${keyid.slice(0, 16)} (${scheme})`;
  }
}

const short = (text: string): string =>
  text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;

/** In a first version these are what they must be; in a later one a change of them is news. */
const FIXED = ["_type", "spec_version"];
/** That a list is empty, or no longer, is said by what came into it or went. */
const LISTS = ["targets", "delegations.keys", "delegations.roles"];
const EMPTY = [undefined, "{}", "[]"];

function isExpected(before: Signed | undefined, leaf: LeafDifference): boolean {
  const path = leaf.path.join(".");
  if (LISTS.includes(path)) return EMPTY.includes(leaf.before) && EMPTY.includes(leaf.after);
  return before === undefined && FIXED.includes(path);
}

interface KeysAndRole {
  readonly keys: Readonly<Record<string, { readonly scheme: string }>>;
  readonly role: { readonly keyids: readonly string[]; readonly threshold: number } | undefined;
}

function sayGroup(said: Said, name: string, before: KeysAndRole, after: KeysAndRole): void {
  const { role } = after;
  if (role === undefined) return;
  const keyText = ({ keys }: KeysAndRole, keyid: string): string =>
    said.key(keyid, keys[keyid]?.scheme ?? "missing");
  const old = before.role?.keyids ?? [];
  for (const keyid of role.keyids)
    if (!old.includes(keyid)) said.line(`+ ${name} key ${keyText(after, keyid)}`);
  for (const keyid of old)
    if (!role.keyids.includes(keyid)) said.line(`- ${name} key ${keyText(before, keyid)}`);
  const { threshold } = role;
  const count = `${threshold} of ${role.keyids.length}`;
  const countBefore =
    before.role === undefined
      ? undefined
      : `${before.role.threshold} of ${before.role.keyids.length}`;
  if (countBefore === undefined) said.line(`+ ${name} needs ${count} keys`);
  else if (countBefore !== count) said.line(`~ ${name} needs ${count} keys, before ${countBefore}`);
}

/** Keys that came or went with a role are said there; one whose content changed under its id is not, and is shown. */
function coverKeys(
  said: Said,
  path: readonly string[],
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  used: ReadonlySet<string>,
): void {
  for (const keyid of used)
    if (before[keyid] === undefined || after[keyid] === undefined) said.cover(...path, keyid);
}

function sayRoot(said: Said, before: RootMetadata | undefined, after: RootMetadata): void {
  said.change("version", before?.version, after.version);
  said.change("expires", before?.expires, after.expires);
  const used = new Set<string>();
  const say = (
    name: string,
    path: readonly string[],
    roleOf: (root: RootMetadata) => KeysAndRole["role"],
  ): void => {
    const view = (root: RootMetadata | undefined): KeysAndRole => ({
      keys: root?.keys ?? {},
      role: root === undefined ? undefined : roleOf(root),
    });
    sayGroup(said, name, view(before), view(after));
    for (const { role } of [view(before), view(after)])
      for (const keyid of role?.keyids ?? []) used.add(keyid);
    if (roleOf(after) !== undefined) said.cover(...path, "keyids");
    if (roleOf(after) !== undefined) said.cover(...path, "threshold");
  };
  for (const name of ROOT_ROLES) say(name, ["roles", name], (root) => root.roles[name]);
  say("instruction", [INSTRUCTION_FIELD], (root) => {
    const keyids = root[INSTRUCTION_FIELD]?.keyids;
    return keyids === undefined ? undefined : { keyids, threshold: 1 };
  });
  coverKeys(said, ["keys"], before?.keys ?? {}, after.keys, used);
  if (before === undefined && after.consistent_snapshot) said.cover("consistent_snapshot");
}

function sayTargets(said: Said, before: TargetsMetadata | undefined, after: TargetsMetadata): void {
  said.change("version", before?.version, after.version);
  said.change("expires", before?.expires, after.expires);
  const [old, now] = [before?.delegations, after.delegations];
  const roleOf = (roles: readonly DelegatedRole[] | undefined, name: string) =>
    roles?.find((role) => role.name === name);
  const used = new Set<string>();
  for (const role of [...(old?.roles ?? []), ...(now?.roles ?? [])])
    for (const keyid of role.keyids) used.add(keyid);

  for (const role of now?.roles ?? []) {
    const earlier = roleOf(old?.roles, role.name);
    const view = (keys: KeysAndRole["keys"] | undefined, each: DelegatedRole | undefined) => ({
      keys: keys ?? {},
      role: each,
    });
    if (earlier === undefined)
      said.line(`+ role ${role.name} for ${(role.paths ?? ["no path"]).join(", ")}`);
    sayGroup(said, role.name, view(old?.keys, earlier), view(now?.keys, role));
    const path = ["delegations", "roles", role.name];
    for (const field of ["keyids", "threshold"]) said.cover(...path, field);
    if (earlier === undefined) for (const field of ["name", "paths"]) said.cover(...path, field);
    if (earlier === undefined && role.terminating) said.cover(...path, "terminating");
  }
  for (const role of old?.roles ?? [])
    if (roleOf(now?.roles, role.name) === undefined) {
      said.line(`- role ${role.name}: nothing of it can be installed any more`);
      said.cover("delegations", "roles", role.name);
    }
  coverKeys(said, ["delegations", "keys"], old?.keys ?? {}, now?.keys ?? {}, used);
  coverOrder(said, old?.roles ?? [], now?.roles ?? []);
  sayTargetList(said, before?.targets ?? {}, after.targets);
}

/** The order of roles decides only where their paths overlap; it is news when roles that stay changed places. */
function coverOrder(
  said: Said,
  before: readonly DelegatedRole[],
  after: readonly DelegatedRole[],
): void {
  const stays = (roles: readonly DelegatedRole[], others: readonly DelegatedRole[]): string =>
    roles
      .map(({ name }) => name)
      .filter((name) => others.some((other) => other.name === name))
      .join();
  if (stays(before, after) === stays(after, before)) said.cover("delegations", "roles", "order");
}

function sayTargetList(
  said: Said,
  before: TargetsMetadata["targets"],
  after: TargetsMetadata["targets"],
): void {
  for (const [path, target] of Object.entries(after)) {
    if (before[path] !== undefined) continue;
    said.line(`+ ${path}: ${targetText(target)}`);
    for (const field of ["length", "hashes"]) said.cover("targets", path, field);
    if (targetCustom(target) !== undefined)
      for (const field of CUSTOM_FIELDS) said.cover("targets", path, "custom", "moult", field);
  }
  for (const [path, target] of Object.entries(before)) {
    if (after[path] !== undefined) continue;
    said.line(`- ${path}: ${targetText(target)}`);
    said.cover("targets", path);
  }
}

type Target = TargetsMetadata["targets"][string];

/** Of a new target's `custom`: said in words, or digests of what the path's digest covers anyway. */
const CUSTOM_FIELDS = [
  "version",
  "hardwareTypes",
  "component",
  "format",
  "securityCounter",
  "requires",
  "conflicts",
  "minAgent",
  "notBefore",
  "headSha256",
  "payloads",
];

function targetText(target: Target): string {
  const custom = targetCustom(target);
  const size = `${target.length} bytes`;
  if (custom === undefined) return `${size}, without what Moult needs to install it`;
  const { requires, conflicts, minAgent, notBefore } = custom;
  const parts = [
    `version ${custom.version}`,
    `for ${custom.hardwareTypes.join(", ")}`,
    `security counter ${custom.securityCounter}`,
    size,
    ...valuesText("requires", requires),
    ...valuesText("conflicts with", conflicts),
    ...(minAgent === undefined ? [] : [`agent ${minAgent} or newer`]),
    ...(notBefore === undefined ? [] : [`not before ${notBefore}`]),
  ];
  return parts.join("; ");
}

const valuesText = (word: string, values: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.entries(values)
    .filter(([name]) => name !== "device_type")
    .map(([name, each]) => `${word} ${name} ${each.join(" or ")}`);
