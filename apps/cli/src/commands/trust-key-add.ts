import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SigningError, openKeySigner, readKeyFile, tufKeyOf, type NamedKey } from "@moult/signing";
import { CliError } from "../command-line/cli-error.ts";
import { command, type CommandContext } from "../command-line/command.ts";
import { describeSigningError } from "../command-line/describe-signing-error.ts";
import { readText } from "../files/read-text.ts";
import { printJson } from "../show/print-json.ts";
import { PASSPHRASE_OPTIONS, secretsOf } from "../trust/secrets.ts";
import { localKeyOf } from "../trust/trust-folder.ts";
import { openTrustPlace } from "../trust/trust-session.ts";

export const trustKeyAdd = command({
  positionals: ["NAME", "[REFERENCE]"],
  details:
    "REFERENCE is where the key is: file:PATH of a key file, a pkcs11: URI (RFC 7512) of a key on a token, or command:PROGRAM ARGS, which reads what to sign from its standard input and prints the signature. Without one it is the public key of a colleague.",
  options: {
    "public-key": {
      type: "string",
      value: "FILE",
      help: "PEM public key: of a command, or of a colleague",
    },
    ...PASSPHRASE_OPTIONS,
  },
  example: "moult trust key add ada 'pkcs11:token=ada;object=release' --json",
  run: async (context, { options, positionals: [name = "", typed] }) => {
    const { folder } = await openTrustPlace(context);
    const publicKey =
      options["public-key"] === undefined ? undefined : await readKey(options["public-key"]);
    const reference = typed === undefined ? null : absolute(typed);
    const key =
      reference === null
        ? publicKey
        : await keyAt(context, reference, publicKey, options["passphrase-file"]);
    if (key === undefined)
      throw new CliError("usage", "Name where the key is, or --public-key FILE.");
    const local = localKeyOf(key, name, reference);
    await folder.addKeys([local]);
    if (context.isJson) printJson(context.terminal, local);
    else context.terminal.out(`${name} is the key ${key.keyid} (${key.scheme}).`);
  },
});

async function readKey(path: string): Promise<NamedKey> {
  const pem = await readText(path);
  if (pem.includes("PRIVATE KEY"))
    throw new CliError("file-invalid", `${path} is a private key; name its public key.`);
  try {
    return tufKeyOf(createPublicKey(pem));
  } catch (cause) {
    throw new CliError(
      "file-invalid",
      `${path} is no public key, Ed25519 or ECDSA P-256, in PEM.`,
      {
        cause,
      },
    );
  }
}

/** The public half of what a reference names; a key file needs no passphrase for it. */
async function keyAt(
  { environment, ...context }: CommandContext,
  reference: string,
  expected: NamedKey | undefined,
  passphraseFile: string | undefined,
): Promise<NamedKey> {
  try {
    if (reference.startsWith("file:"))
      return readKeyFile(await readFile(reference.slice("file:".length)));
    const { key } = await openKeySigner(reference, {
      ...secretsOf({ environment, ...context }, passphraseFile),
      modulePath: environment["MOULT_PKCS11_MODULE"],
      expected,
      environment,
    });
    return key;
  } catch (error) {
    if (error instanceof SigningError) throw describeSigningError(error, `key ${reference}`);
    throw error;
  }
}

/** The trust folder is used from anywhere. */
const absolute = (reference: string): string =>
  reference.startsWith("file:") ? `file:${resolve(reference.slice("file:".length))}` : reference;
