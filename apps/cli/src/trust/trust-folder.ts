import { readFile, rm } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { NamedKey } from "@moult/signing";
import type { TrustStore } from "@moult/trust";
import { TufKey } from "@moult/trust";
import * as z from "zod";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { writeFileWhole } from "../files/write-file.ts";
import { configFolder } from "../session/stored-session.ts";

/** A key that this person has given a name: who signs with it, if it can sign here, and its public half. */
export const LocalKey = TufKey.extend({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  keyid: z.string(),
  /** `file:`, `pkcs11:` or `command:`; null for a key that somebody else holds. Never a secret. */
  reference: z.string().nullable(),
});
export type LocalKey = z.infer<typeof LocalKey>;

const KeyList = z.strictObject({ version: z.literal(1), keys: z.array(LocalKey) });

/**
 * What one person trusts of one server: the root that they made or were given, what was verified since, and the names of
 * keys. The server cannot change any of it.
 */
export class TrustFolder {
  readonly path: string;
  readonly store: TrustStore;

  constructor(path: string) {
    this.path = path;
    this.store = storeIn(join(path, "metadata"));
  }

  /** The root that everything is verified from. */
  async anchor(): Promise<Uint8Array | undefined> {
    return readIfThere(this.#anchorPath);
  }

  async writeAnchor(root: Uint8Array): Promise<void> {
    const text = Buffer.from(root).toString("utf8");
    await writeFileWhole(this.#anchorPath, text, { mode: 0o644, mayReplace: false });
  }

  async keys(): Promise<readonly LocalKey[]> {
    const bytes = await readIfThere(this.#keysPath);
    if (bytes === undefined) return [];
    const parsed = KeyList.safeParse(jsonOf(bytes));
    if (parsed.success) return parsed.data.keys.map((key) => this.#withReference(key, resolve));
    throw new CliError("file-invalid", `${this.#keysPath} is not a file that moult wrote.`);
  }

  /** Adds keys under names and of ids that are new. */
  async addKeys(added: readonly LocalKey[]): Promise<void> {
    const all = [...(await this.keys())];
    for (const key of added) {
      refuseTwice(all, key);
      all.push(key);
    }
    const keys = all.map((key) => this.#withReference(key, within));
    const text = `${JSON.stringify({ version: 1, keys }, null, 2)}\n`;
    await writeFileWhole(this.#keysPath, text, { mode: 0o600, mayReplace: true });
  }

  /** Key files in this folder are named from it, so that the folder can be moved, or checked out anywhere. */
  #withReference(key: LocalKey, change: (folder: string, path: string) => string): LocalKey {
    const path = /^file:(.*)$/s.exec(key.reference ?? "")?.[1];
    return path === undefined ? key : { ...key, reference: `file:${change(this.path, path)}` };
  }

  /** Where key files go unless told otherwise. */
  keyFile(name: string): string {
    return join(this.path, "keys", `${name}.key.json`);
  }

  get #anchorPath(): string {
    return join(this.path, "root.json");
  }

  get #keysPath(): string {
    return join(this.path, "keys.json");
  }
}

/** One folder for each server, below the configuration, or the one that MOULT_TRUST_FOLDER names. */
export function trustFolderOf(
  environment: CommandContext["environment"],
  server: string,
): TrustFolder {
  const named = environment["MOULT_TRUST_FOLDER"];
  const host = new URL(server).host.replace(/[^A-Za-z0-9.-]/g, "_");
  return new TrustFolder(
    named === undefined || named === ""
      ? join(configFolder(environment), "trust", host)
      : resolve(named),
  );
}

/** Refuses a name or a key that is there already. */
export function refuseTwice(keys: readonly LocalKey[], { name, keyid }: LocalKey): void {
  const same = keys.find((each) => each.name === name || each.keyid === keyid);
  if (same === undefined) return;
  throw new CliError(
    "file-exists",
    same.name === name
      ? `There is a key named ${name} already.`
      : `This is the key ${same.name}, which is known already.`,
    { hint: "`moult trust key list` shows them." },
  );
}

export const localKeyOf = (key: NamedKey, name: string, reference: string | null): LocalKey => ({
  name,
  keyid: key.keyid,
  keytype: key.keytype,
  scheme: key.scheme,
  keyval: key.keyval,
  reference,
});

/** The path from the folder, when it is below it. */
function within(folder: string, path: string): string {
  const inner = relative(folder, path);
  return inner.startsWith("..") || isAbsolute(inner) ? path : inner;
}

/** Entries as files; their names are percent-encoded already. */
function storeIn(folder: string): TrustStore {
  const pathOf = (entry: string): string => join(folder, `${entry}.json`);
  return {
    read: (entry) => readIfThere(pathOf(entry)),
    write: (entry, bytes) =>
      writeFileWhole(pathOf(entry), Buffer.from(bytes).toString("utf8"), {
        mode: 0o600,
        mayReplace: true,
      }),
    remove: (entry) => rm(pathOf(entry), { force: true }),
  };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
