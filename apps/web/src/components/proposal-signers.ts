import { RootMetadata, TargetsMetadata, type Signed } from "@moult/trust";

/** Keys of which `threshold` must have signed. */
export interface SignerGroup {
  readonly threshold: number;
  readonly signed: readonly string[];
  readonly missing: readonly string[];
  /** Signatures that are still needed; 0 when there are enough. */
  readonly needed: number;
}

export interface SignedFile {
  readonly role: string;
  readonly signed: Signed;
  /** Whose signatures came with it. */
  readonly keyids: readonly string[];
}

export interface PublishedFiles {
  readonly root: Signed | undefined;
  readonly targets: Signed | undefined;
}

/**
 * Who has signed a proposed file and who could, by the keys that the metadata itself names: for a new root those before it
 * and its own. Signatures are counted, not verified: that is done by the server when it publishes, by whoever signs, and
 * by every device.
 */
export function signersOf(
  { role, signed, keyids }: SignedFile,
  proposed: readonly SignedFile[],
  published: PublishedFiles,
): readonly SignerGroup[] {
  const own = (name: string): Signed | undefined =>
    proposed.find((file) => file.role === name)?.signed;
  const root = RootMetadata.safeParse(own("root") ?? published.root).data;
  if (role === "root") {
    const before = RootMetadata.safeParse(published.root).data;
    const after = RootMetadata.safeParse(signed).data;
    return [before, after].flatMap((each) =>
      each === undefined ? [] : [groupOf(each.roles.root, keyids)],
    );
  }
  if (role === "targets") return root === undefined ? [] : [groupOf(root.roles.targets, keyids)];
  const targets = TargetsMetadata.safeParse(own("targets") ?? published.targets).data;
  const delegated = targets?.delegations?.roles?.find(({ name }) => name === role);
  return delegated === undefined ? [] : [groupOf(delegated, keyids)];
}

function groupOf(
  { keyids, threshold }: { readonly keyids: readonly string[]; readonly threshold: number },
  signatures: readonly string[],
): SignerGroup {
  const signed = keyids.filter((keyid) => signatures.includes(keyid));
  const missing = keyids.filter((keyid) => !signatures.includes(keyid));
  return { threshold, signed, missing, needed: Math.max(0, threshold - signed.length) };
}

/** Whether every file has the signatures that it needs; a file that nobody may sign never has. */
export const isComplete = (groups: readonly (readonly SignerGroup[])[]): boolean =>
  groups.every((of) => of.length > 0 && of.every(({ needed }) => needed === 0));
