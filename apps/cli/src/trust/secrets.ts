import type { KeySignerOptions } from "@moult/signing";
import { usageError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs } from "../command-line/command.ts";
import { readText } from "../files/read-text.ts";

export const PASSPHRASE_OPTIONS = {
  "passphrase-file": {
    type: "string",
    value: "FILE",
    help: "Holds the passphrase of the key files; else MOULT_TRUST_PASSPHRASE, or it is asked for",
  },
} as const satisfies OptionSpecs;

/** Eight characters of a password generator, or two or three words; the work factor does the rest. */
const PASSPHRASE_LENGTH_MIN = 8;

export type Secrets = Pick<KeySignerOptions, "passphrase" | "pin">;

/** Where passphrases and PINs come from: a file, the environment, or the person; never the command line. */
export function secretsOf(
  { terminal, environment }: CommandContext,
  passphraseFile: string | undefined,
): Secrets {
  const ask = (question: string, variable: string): Promise<string> => {
    if (terminal.canAsk) return terminal.askSecret(question);
    throw usageError(`Nobody is here to type it: ${question.trim()}`, `Set ${variable}.`);
  };
  return {
    passphrase: async (path) =>
      (await givenPassphrase(environment, passphraseFile)) ??
      ask(`Passphrase of ${path}: `, "MOULT_TRUST_PASSPHRASE, or name --passphrase-file"),
    pin: async (token) =>
      environment["MOULT_PKCS11_PIN"] ?? ask(`PIN of ${token}: `, "MOULT_PKCS11_PIN"),
  };
}

/** The passphrase for keys that are made now: given, or typed twice. */
export async function newPassphrase(
  { terminal, environment }: CommandContext,
  passphraseFile: string | undefined,
  what: string,
): Promise<string> {
  const given = await givenPassphrase(environment, passphraseFile);
  if (given === undefined && !terminal.canAsk)
    throw usageError(
      "Nobody is here to type a passphrase.",
      "Set MOULT_TRUST_PASSPHRASE, or name --passphrase-file.",
    );
  const passphrase = given ?? (await terminal.askSecret(`New passphrase for ${what}: `));
  if (passphrase.length < PASSPHRASE_LENGTH_MIN)
    throw usageError(`A passphrase has ${PASSPHRASE_LENGTH_MIN} characters or more.`);
  if (given === undefined && (await terminal.askSecret("Once more: ")) !== passphrase)
    throw usageError("The two are not the same.");
  return passphrase;
}

async function givenPassphrase(
  environment: CommandContext["environment"],
  file: string | undefined,
): Promise<string | undefined> {
  if (file !== undefined) return (await readText(file)).replace(/\r?\n$/, "");
  const variable = environment["MOULT_TRUST_PASSPHRASE"];
  return variable === "" ? undefined : variable;
}
