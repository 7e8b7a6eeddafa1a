import { basename, join } from "node:path";
import { openKeySigner, type KeySigner } from "@moult/signing";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { makeKey } from "./make-key.ts";
import { newPassphrase, type Secrets } from "./secrets.ts";
import type { LocalKey, TrustFolder } from "./trust-folder.ts";

interface FirstKeysOptions {
  /** Else the trust folder. */
  readonly keysFolder: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly hasOnePassphrase: boolean;
}

/** Gives the signers of a role: named keys that are there, or new key files. */
export class FirstKeys {
  readonly #context: CommandContext;
  readonly #folder: TrustFolder;
  readonly #known: readonly LocalKey[];
  readonly #secrets: Secrets;
  readonly #options: FirstKeysOptions;
  #passphrase: string | undefined;
  /** Key files that were made. */
  readonly made: string[] = [];

  constructor(
    context: CommandContext,
    folder: TrustFolder,
    known: readonly LocalKey[],
    secrets: Secrets,
    options: FirstKeysOptions,
  ) {
    this.#context = context;
    this.#folder = folder;
    this.#known = known;
    this.#secrets = secrets;
    this.#options = options;
  }

  /** The keys of these names; without names, new ones. */
  async signers(named: readonly string[], fresh: readonly string[]): Promise<readonly KeySigner[]> {
    const signers: KeySigner[] = [];
    if (named.length > 0) for (const name of named) signers.push(await this.#existing(name));
    else for (const name of fresh) signers.push(await this.#new(name));
    return signers;
  }

  async #existing(name: string): Promise<KeySigner> {
    const local = this.#known.find((key) => key.name === name);
    if (local === undefined || local.reference === null)
      throw new CliError("not-found", `There is no key named "${name}" that can sign here.`, {
        hint: "`moult trust key list` shows the keys, `moult trust key add` gives one a name.",
      });
    const { environment } = this.#context;
    return openKeySigner(local.reference, {
      ...this.#secrets,
      expected: local,
      modulePath: environment["MOULT_PKCS11_MODULE"],
      environment,
    });
  }

  async #new(name: string): Promise<KeySigner> {
    const { keysFolder, passphraseFile, hasOnePassphrase } = this.#options;
    const passphrase =
      this.#passphrase ??
      (await newPassphrase(this.#context, passphraseFile, hasOnePassphrase ? "all keys" : name));
    if (hasOnePassphrase) this.#passphrase = passphrase;
    const standard = this.#folder.keyFile(name);
    const path = keysFolder === undefined ? standard : join(keysFolder, basename(standard));
    const { signer } = await makeKey(
      this.#context,
      this.#folder,
      name,
      "ed25519",
      passphrase,
      path,
    );
    this.made.push(path);
    return signer;
  }
}
