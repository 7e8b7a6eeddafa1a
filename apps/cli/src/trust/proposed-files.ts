import { countSignatures, review, type KeyGroup, type ReviewFinding } from "@moult/signing";
import { RootMetadata, TargetsMetadata, describeDiff, type MetadataFile } from "@moult/trust";
import { CliError } from "../command-line/cli-error.ts";
import { delegationOf, keysOf, type Repository } from "./repository.ts";
import type { LocalKey } from "./trust-folder.ts";

/** One file of a proposal. */
export interface ProposedFile {
  readonly role: string;
  readonly file: MetadataFile;
}

/** A proposal as this machine understands it: nothing of it is taken from the server but the proposed bytes. */
export interface UnderstoodFile extends ProposedFile {
  /** What changes, derived from the verified repository. */
  readonly changes: readonly string[];
  /** All of these must have signed it. */
  readonly groups: readonly KeyGroup[];
}

export interface Understood {
  readonly files: readonly UnderstoodFile[];
  readonly findings: readonly ReviewFinding[];
}

/**
 * Derives what a proposal would change and who must sign it, from the verified repository. Throws `trust-refused` for
 * files that a device would never take, so that nobody signs them.
 */
export function understand(
  files: readonly ProposedFile[],
  repository: Repository | undefined,
  keys: readonly LocalKey[],
  nowMs: number,
): Understood {
  const parsed = parse(files);
  const keyName = (keyid: string) => keys.find((key) => key.keyid === keyid)?.name;
  const root = parsed.root ?? repository?.root.metadata;
  if (root === undefined) throw refusal("root", "there is no root yet, and none is proposed");
  const targets = parsed.targets ?? repository?.targets.metadata;
  const understood = files.map((each): UnderstoodFile => {
    const before = currentOf(each.role, repository);
    const version = each.file.signed["version"];
    const next = Number(before?.["version"] ?? 0) + 1;
    if (version !== next)
      throw refusal(each.role, `its next version is ${next}, and this is ${String(version)}`);
    return {
      ...each,
      changes: describeDiff(before, each.file.signed, { keyName }),
      groups: groupsOf(each.role, root, targets, repository),
    };
  });
  const findings = review({
    root,
    targets,
    roles: parsed.roles,
    now: nowMs as never,
  });
  return { files: understood, findings };
}

/** Whether the signatures that are there are enough. */
export const isComplete = ({ file, groups }: UnderstoodFile): boolean =>
  groups.every((group) => countSignatures(file, group).needed === 0);

function currentOf(role: string, repository: Repository | undefined) {
  if (role === "root") return repository?.root.signed;
  return role === "targets" ? repository?.targets.signed : repository?.roles.get(role)?.signed;
}

/** A new root is signed by those before it and by those that it names. */
function groupsOf(
  role: string,
  root: RootMetadata,
  targets: TargetsMetadata | undefined,
  repository: Repository | undefined,
): readonly KeyGroup[] {
  if (role === "root") {
    const before = repository?.root.metadata;
    return [...(before === undefined ? [] : [before]), root].map((each) =>
      keysOf(each.keys, each.roles.root),
    );
  }
  if (role === "targets") return [keysOf(root.keys, root.roles.targets)];
  const delegation = targets === undefined ? undefined : delegationOf(targets, role);
  if (delegation === undefined) throw refusal(role, "nobody may sign it: there is no such role");
  return [keysOf(targets?.delegations?.keys ?? {}, delegation)];
}

function parse(files: readonly ProposedFile[]) {
  let root: RootMetadata | undefined;
  let targets: TargetsMetadata | undefined;
  const roles: Record<string, TargetsMetadata> = {};
  for (const { role, file } of files) {
    const schema = role === "root" ? RootMetadata : TargetsMetadata;
    const result = schema.safeParse(file.signed);
    if (!result.success) throw refusal(role, "it is not what this role's metadata must be");
    if (result.data._type === "root") root = result.data;
    else if (role === "targets") targets = result.data;
    else roles[role] = result.data;
  }
  return { root, targets, roles };
}

const refusal = (role: string, reason: string): CliError =>
  new CliError("trust-refused", `The proposal for ${role} cannot be signed: ${reason}.`);
