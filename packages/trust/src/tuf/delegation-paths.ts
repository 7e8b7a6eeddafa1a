import { hex, utf8, type Crypto } from "@moult/base";
import type { DelegatedRole, Delegations, SuccinctRoles } from "./metadata.ts";
import type { Signers } from "./signed-file.ts";

const PATH_LENGTH_MAX = 512;

/** One edge of the search: the role, and who may sign it when it is reached from here. */
export interface Edge {
  readonly role: string;
  readonly signers: Signers;
  readonly terminating: boolean;
}

/**
 * Whether a name can be that of a target: printable ASCII in relative segments, none empty, `.` or `..`, and neither `\`
 * nor `%`, so that no address and no file system can take it for another.
 */
export function isTargetPath(path: string): boolean {
  if (path.length > PATH_LENGTH_MAX || !/^[\x20-\x7e]+$/.test(path) || /[\\%]/.test(path))
    return false;
  return path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

/** The delegations that a path is to be looked for in, in order; nothing after a terminating one. */
export function edgesFor(path: string, delegations: Delegations, crypto: Crypto): Edge[] {
  const digest = crypto.sha256(utf8(path));
  const { keys, roles, succinct_roles: succinct } = delegations;
  if (succinct !== undefined) {
    const role = succinctRoleName(digest, succinct);
    return [{ role, signers: { keys, role: succinct }, terminating: true }];
  }
  const edges: Edge[] = [];
  const digestHex = hex(digest);
  for (const role of roles ?? []) {
    if (!isDelegated(path, digestHex, role)) continue;
    edges.push({ role: role.name, signers: { keys, role }, terminating: role.terminating });
    if (role.terminating) break;
  }
  return edges;
}

function isDelegated(path: string, digestHex: string, role: DelegatedRole): boolean {
  if (role.path_hash_prefixes !== undefined)
    return role.path_hash_prefixes.some((prefix) => digestHex.startsWith(prefix));
  return (role.paths ?? []).some((pattern) => matchesPattern(path, pattern));
}

/** `*` and `?` stand for anything but `/`; every other character stands for itself. */
export function matchesPattern(path: string, pattern: string): boolean {
  const segments = path.split("/");
  const patterns = pattern.split("/");
  return (
    segments.length === patterns.length &&
    segments.every((segment, index) => matchesSegment(segment, patterns[index] ?? ""))
  );
}

/** Goes back to the last `*` alone, so that no pattern takes more than length times length. */
function matchesSegment(text: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern;
      starAt = at;
      inPattern += 1;
    } else if (wanted === "?" || wanted === text[at]) {
      at += 1;
      inPattern += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      inPattern = star + 1;
    } else return false;
  }
  while (pattern[inPattern] === "*") inPattern += 1;
  return inPattern === pattern.length;
}

function succinctRoleName(
  digest: Uint8Array,
  { bit_length: bits, name_prefix: prefix }: SuccinctRoles,
): string {
  const [first = 0, second = 0, third = 0, fourth = 0] = digest;
  // Unsigned: the highest bit of the digest is no sign.
  const word = ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
  const bin = word >>> (32 - bits);
  const digits = (2 ** bits - 1).toString(16).length;
  return `${prefix}-${bin.toString(16).padStart(digits, "0")}`;
}
