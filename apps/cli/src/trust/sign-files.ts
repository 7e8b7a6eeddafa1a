import { countSignatures, openKeySigner, signMetadata, SigningError } from "@moult/signing";
import type { MetadataFile } from "@moult/trust";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { describeSigningError } from "../command-line/describe-signing-error.ts";
import type { Understood } from "./proposed-files.ts";
import type { Secrets } from "./secrets.ts";
import type { LocalKey } from "./trust-folder.ts";

export interface SignedFile {
  readonly role: string;
  readonly file: MetadataFile;
  /** The signatures that were added now. */
  readonly added: MetadataFile["signatures"];
}

/**
 * Signs with the keys of this machine that may sign and have not. A key whose file is on a medium that is not here is left
 * out, unless it was asked for by name.
 */
export async function signFiles(
  context: CommandContext,
  { files }: Understood,
  keys: readonly LocalKey[],
  wanted: readonly string[],
  secrets: Secrets,
): Promise<readonly SignedFile[]> {
  refuseUnknown(keys, wanted);
  const signers = new Map<string, Awaited<ReturnType<typeof openKeySigner>> | undefined>();
  const signerOf = async (key: LocalKey) => {
    if (!signers.has(key.name))
      signers.set(key.name, await openLocal(context, key, wanted, secrets));
    return signers.get(key.name);
  };
  const signed: SignedFile[] = [];
  for (const { role, file: before, groups } of files) {
    let file = before;
    const missing = new Set(
      groups.flatMap((group) => countSignatures(before, group).missing.map(({ keyid }) => keyid)),
    );
    for (const key of keys) {
      if (!missing.has(key.keyid) || !(wanted.length === 0 || wanted.includes(key.name))) continue;
      const signer = key.reference === null ? undefined : await signerOf(key);
      if (signer !== undefined) file = await signMetadata(file, signer);
    }
    const added = file.signatures.filter(
      ({ keyid, sig }) =>
        !before.signatures.some((each) => each.keyid === keyid && each.sig === sig),
    );
    signed.push({ role, file, added });
  }
  return signed;
}

function refuseUnknown(keys: readonly LocalKey[], wanted: readonly string[]): void {
  const unknown = wanted.find((name) => !keys.some((key) => key.name === name));
  if (unknown !== undefined)
    throw new CliError("not-found", `There is no key named "${unknown}".`, {
      hint: "`moult trust key list` shows them.",
    });
}

async function openLocal(
  { terminal, environment }: CommandContext,
  { name, reference, ...key }: LocalKey,
  wanted: readonly string[],
  secrets: Secrets,
) {
  if (reference === null) return undefined;
  try {
    return await openKeySigner(reference, {
      ...secrets,
      modulePath: environment["MOULT_PKCS11_MODULE"],
      expected: key,
      environment,
    });
  } catch (error) {
    const isAway = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isAway && !wanted.includes(name)) {
      terminal.err(`The key ${name} is not here (${reference}); signing goes on without it.`);
      return undefined;
    }
    if (error instanceof SigningError) throw describeSigningError(error, `key ${name}`);
    throw error;
  }
}
