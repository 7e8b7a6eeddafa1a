import { resolve } from "node:path";
import { instant } from "@moult/base";
import type { Reply } from "@moult/client";
import {
  SigningError,
  named,
  newRole,
  newRoot,
  newTargets,
  signMetadata,
  type KeySigner,
} from "@moult/signing";
import type { MetadataFile } from "@moult/trust";
import { CliError, usageError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { describeSigningError } from "../command-line/describe-signing-error.ts";
import { integer } from "../command-line/option-value.ts";
import { understoodText } from "../show/trust-text.ts";
import { channelPlace, type ChannelPlace } from "./channel-role.ts";
import { FirstKeys } from "./first-keys.ts";
import { keepFirstFiles } from "./first-root.ts";
import { understand, type ProposedFile } from "./proposed-files.ts";
import { secretsOf } from "./secrets.ts";
import type { TrustPlace } from "./trust-session.ts";

const ROOT_KEYS_MAX = 10;

export interface InitOptions {
  readonly product: readonly string[];
  readonly "root-keys": string | undefined;
  readonly threshold: string | undefined;
  readonly "root-key": readonly string[];
  readonly "targets-key": string | undefined;
  readonly "channel-key": readonly string[];
  readonly "keys-folder": string | undefined;
  readonly development: boolean;
  readonly yes: boolean;
  readonly "passphrase-file": string | undefined;
}

/** Makes the keys and what they sign, shows it, signs it, and keeps it on this machine. */
export async function firstFiles(
  context: CommandContext,
  place: TrustPlace,
  options: InitOptions,
): Promise<readonly ProposedFile[]> {
  const { signal, terminal } = context;
  const { client, folder } = place;
  const { state } = await client.call("showTrust", {}, { signal });
  if (state !== "none")
    throw new CliError("file-exists", "This server has a root of trust already.", {
      hint: "`moult trust join --root-sha256 DIGEST` takes it over, with the digest that its maker tells you.",
    });
  const online = await client.call("showOnlineKeys", {}, { signal });
  try {
    const unsigned = unsignedFiles(await signersOf(context, place, options), online);
    const keys = await folder.keys();
    const text = understoodText(understand(unsigned, undefined, keys, Date.now()), keys, terminal);
    if (context.isJson) terminal.err(text);
    else terminal.out(text);
    await confirm(context, options.yes, "Sign and publish this?");
    const files: ProposedFile[] = [];
    for (const { role, file, signers } of unsigned)
      files.push({ role, file: await signedBy(file, signers) });
    await keepFirstFiles(folder, files);
    return files;
  } catch (error) {
    if (error instanceof SigningError) throw describeSigningError(error, "key");
    throw error;
  }
}

interface FirstSigners {
  readonly root: readonly KeySigner[];
  readonly threshold: number;
  readonly targets: readonly KeySigner[];
  readonly channels: readonly (ChannelPlace & { readonly signers: readonly KeySigner[] })[];
}

/** Who signs what, in the first version. */
async function signersOf(
  context: CommandContext,
  { folder, keys: known }: TrustPlace,
  options: InitOptions,
): Promise<FirstSigners> {
  const { development } = options;
  const keysFolder = options["keys-folder"];
  const passphraseFile = options["passphrase-file"];
  const keys = new FirstKeys(context, folder, known, secretsOf(context, passphraseFile), {
    keysFolder: keysFolder === undefined ? undefined : resolve(keysFolder),
    passphraseFile,
    hasOnePassphrase: development,
  });
  const bounds = { min: 1, max: ROOT_KEYS_MAX };
  const count = integer("root-keys", options["root-keys"], bounds) ?? (development ? 2 : 3);
  const fresh = Array.from({ length: count }, (_, index) => `root-${index + 1}`);
  const places = options.product.map(channelPlace);
  const root = await keys.signers(options["root-key"], fresh);
  const threshold = integer("threshold", options.threshold, bounds) ?? Math.min(2, root.length);
  if (threshold > root.length)
    throw usageError(`${threshold} of ${root.length} root keys cannot sign.`);
  const targets = await keys.signers([options["targets-key"] ?? []].flat(), ["targets"]);
  const channels: FirstSigners["channels"][number][] = [];
  for (const place of places) {
    const isSingle = development || place.channel === "dev";
    const names = isSingle ? [`${place.role}-ci`] : [`${place.role}-ci`, `${place.role}-person`];
    channels.push({ ...place, signers: await keys.signers(options["channel-key"], names) });
  }
  return { root, threshold, targets, channels };
}

function unsignedFiles(
  { root, threshold, targets, channels }: FirstSigners,
  online: Reply<"showOnlineKeys">,
) {
  const issue = { version: 1, now: instant(Date.now()) };
  const keysOf = (signers: readonly KeySigner[]) => signers.map(({ key }) => key);
  const rootMetadata = newRoot(
    {
      root: { keys: keysOf(root), threshold },
      targets: { keys: keysOf(targets), threshold: 1 },
      snapshot: { keys: [named(online.snapshot)], threshold: 1 },
      timestamp: { keys: [named(online.timestamp)], threshold: 1 },
      instruction: [named(online.instruction)],
    },
    issue,
  );
  const targetsMetadata = newTargets(
    channels.map(({ product, channel, signers }) => ({
      product,
      channel,
      keys: keysOf(signers),
      threshold: signers.length,
    })),
    issue,
  );
  return [
    { role: "root", file: unsignedFile(rootMetadata), signers: root },
    { role: "targets", file: unsignedFile(targetsMetadata), signers: targets },
    ...channels.map(({ role, signers }) => ({
      role,
      file: unsignedFile(newRole({}, issue)),
      signers,
    })),
  ];
}

const unsignedFile = (signed: object): MetadataFile => ({ signatures: [], signed: { ...signed } });

async function signedBy(file: MetadataFile, signers: readonly KeySigner[]): Promise<MetadataFile> {
  let signed = file;
  for (const signer of signers) signed = await signMetadata(signed, signer);
  return signed;
}
