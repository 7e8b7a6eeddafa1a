import type { NamedKey } from "@moult/signing";
import { CliError } from "../command-line/cli-error.ts";
import type { LocalKey } from "./trust-folder.ts";

/** The keys of these names. */
export const keysNamed = (
  keys: readonly LocalKey[],
  names: readonly string[],
): readonly NamedKey[] =>
  names.map((name) => {
    const key = keys.find((each) => each.name === name);
    if (key !== undefined) return key;
    throw new CliError("not-found", `There is no key named "${name}".`, {
      hint: "`moult trust key list` shows them; `moult trust key add` gives a colleague's key a name.",
    });
  });

/** A key by its name here, or by its id or the beginning of it in `known`, for keys that nobody here has named. */
export function findKeyid(
  keys: readonly LocalKey[],
  known: readonly string[],
  text: string,
): string {
  const local = keys.find(({ name }) => name === text);
  if (local !== undefined) return local.keyid;
  const found = known.filter((keyid) => text.length >= 8 && keyid.startsWith(text));
  const [only, ...more] = [...new Set(found)];
  if (only !== undefined && more.length === 0) return only;
  throw new CliError(
    only === undefined ? "not-found" : "ambiguous",
    only === undefined ? `There is no key "${text}".` : `"${text}" could be several keys.`,
    { hint: "`moult trust status` shows the ids." },
  );
}
