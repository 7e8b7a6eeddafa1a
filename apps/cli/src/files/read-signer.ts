import { ArtifactError, signerFromPem, type ManifestSigner } from "@moult/artifact";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs } from "../command-line/command.ts";
import { readText } from "./read-text.ts";

/** Options of the commands that sign. */
export const SIGNING_OPTIONS = {
  "passphrase-stdin": {
    type: "boolean",
    help: "Read the key's passphrase from standard input; else MOULT_KEY_PASSPHRASE, or it is asked for",
  },
} as const satisfies OptionSpecs;

/** A signer from a PEM private key, encrypted or not. */
export async function readSigner(
  context: CommandContext,
  path: string,
  isPassphraseInInput: boolean,
): Promise<ManifestSigner> {
  const pem = await readText(path);
  const passphrase = pem.includes("ENCRYPTED")
    ? await passphraseFor(context, path, isPassphraseInInput)
    : undefined;
  try {
    return signerFromPem(pem, passphrase);
  } catch (cause) {
    if (!(cause instanceof ArtifactError)) throw cause;
    const doubt = passphrase === undefined ? "" : ", or the passphrase is wrong";
    throw new CliError(
      "file-invalid",
      `${path} is not a private key that can sign artifacts (${String(cause.context["reason"])})${doubt}.`,
      { hint: "`moult artifact keygen` makes one.", cause },
    );
  }
}

async function passphraseFor(
  { terminal, environment }: CommandContext,
  path: string,
  isInInput: boolean,
): Promise<string> {
  if (isInInput) return terminal.readInput();
  const given = environment["MOULT_KEY_PASSPHRASE"];
  if (given !== undefined) return given;
  if (terminal.canAsk) return terminal.askSecret(`Passphrase of ${path}: `);
  throw new CliError("usage", `${path} is encrypted, and nobody is here to type its passphrase.`, {
    hint: "Use --passphrase-stdin or MOULT_KEY_PASSPHRASE.",
  });
}
