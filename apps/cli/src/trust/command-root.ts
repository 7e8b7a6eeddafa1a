import { equalBytes } from "@moult/base";
import { canonicalJson, parseStrictJson } from "@moult/trust";
import { CliError } from "../command-line/cli-error.ts";

/** How the server's command writes the root of trust (its last lines make one line of it again). */
const ROOT_FILE = /^cat > root\.json <<'(\w+)'\n([\s\S]*?)\n\1$/gm;

/** Refuses a command by the server whose devices would trust another root than the one that was verified here. */
export function demandOwnRoot(command: string, rootBytes: Uint8Array): void {
  const roots = [...command.matchAll(ROOT_FILE)].map((match) => match[2] ?? "");
  const [only, ...more] = roots.map((text) => parseStrictJson(Buffer.from(text)));
  const own = parseStrictJson(rootBytes);
  if (
    only !== undefined &&
    more.length === 0 &&
    equalBytes(canonicalJson(only), canonicalJson(own))
  )
    return;
  throw new CliError(
    "trust-refused",
    "The server's command does not carry the root of trust that this machine has verified.",
    { hint: "Do not run it. `moult device provision` makes a file with your root." },
  );
}
