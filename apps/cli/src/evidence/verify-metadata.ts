import type { Receipt } from "@moult/device-protocol";
import { countSignatures, named, type NamedKey } from "@moult/signing";
import {
  MetadataFile,
  RootMetadata,
  TargetsMetadata,
  type RoleKeys,
  type TufKey,
} from "@moult/trust";
import type * as z from "zod";

type Files = Readonly<Record<string, string>>;

interface Read<Metadata> {
  readonly file: MetadataFile;
  readonly metadata: Metadata;
}

/** Why signed metadata does not vouch for what a receipt is of; undefined when it does, or the device found none. */
export function vouchingProblem(receipt: Receipt, files: Files): string | undefined {
  const { role, roleVersion, path, sha256, sizeBytes } = receipt;
  if (role === null || roleVersion === null) return undefined;
  const root = verifiedRoots(files);
  if (root.length === 0) return "root-not-verified";
  const signed = read(files[`${roleVersion}.${role}.json`], TargetsMetadata);
  if (signed === undefined) return "role-missing";
  const delegations = Object.keys(files)
    .filter((name) => /^\d+\.targets\.json$/.test(name))
    .flatMap((name) => read(files[name], TargetsMetadata) ?? [])
    .filter(({ file }) =>
      root.some(({ metadata }) => isSigned(file, metadata.keys, metadata.roles.targets)),
    )
    .flatMap(({ metadata }) => metadata.delegations ?? []);
  const isVouched = delegations.some(({ keys, roles }) =>
    (roles ?? []).some(
      (delegated) => delegated.name === role && isSigned(signed.file, keys, delegated),
    ),
  );
  if (!isVouched) return "role-not-signed";
  const target = Object.hasOwn(signed.metadata.targets, path)
    ? signed.metadata.targets[path]
    : undefined;
  if (target === undefined) return "target-not-listed";
  const isSame = target.length === sizeBytes && target.hashes["sha256"] === sha256;
  return isSame ? undefined : "target-differs";
}

/** The roots from version 1 on, as far as each is signed by itself and by the one before. */
function verifiedRoots(files: Files): Read<RootMetadata>[] {
  const chain: Read<RootMetadata>[] = [];
  for (;;) {
    const version = chain.length + 1;
    const next = read(files[`${version}.root.json`], RootMetadata);
    if (next === undefined || next.metadata.version !== version) return chain;
    const before = chain.at(-1) ?? next;
    const holds = [before, next].every(({ metadata }) =>
      isSigned(next.file, metadata.keys, metadata.roles.root),
    );
    if (!holds) return chain;
    chain.push(next);
  }
}

function read<Metadata>(
  text: string | undefined,
  schema: z.ZodType<Metadata>,
): Read<Metadata> | undefined {
  if (text === undefined) return undefined;
  const file = MetadataFile.safeParse(jsonOf(text));
  const metadata = schema.safeParse(file.data?.signed);
  return file.success && metadata.success
    ? { file: file.data, metadata: metadata.data }
    : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no metadata; the caller says so.
    return undefined;
  }
}

function isSigned(
  file: MetadataFile,
  keys: Readonly<Record<string, TufKey>>,
  { keyids, threshold }: RoleKeys,
): boolean {
  const signers: NamedKey[] = keyids.flatMap((keyid) => {
    const key = Object.hasOwn(keys, keyid) ? keys[keyid] : undefined;
    return key === undefined ? [] : [{ ...named(key), keyid }];
  });
  return countSignatures(file, { keys: signers, threshold }).needed === 0;
}
