import { createKeyFile, type KeyKind, type KeySigner } from "@moult/signing";
import type { CommandContext } from "../command-line/command.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { localKeyOf, refuseTwice, type LocalKey, type TrustFolder } from "./trust-folder.ts";

export interface MadeKey {
  readonly local: LocalKey;
  readonly signer: KeySigner;
}

/** Makes an encrypted key file and remembers it by its name. Existing files stay. */
export async function makeKey(
  { scryptN }: Pick<CommandContext, "scryptN">,
  folder: TrustFolder,
  name: string,
  kind: KeyKind,
  passphrase: string,
  path = folder.keyFile(name),
): Promise<MadeKey> {
  await refuseExisting(path, false);
  const { key, file, signer } = await createKeyFile(kind, passphrase, scryptN);
  const local = localKeyOf(key, name, `file:${path}`);
  refuseTwice(await folder.keys(), local);
  await writeFileWhole(path, file, { mode: 0o600, mayReplace: false });
  await folder.addKeys([local]);
  return { local, signer };
}
