import { readFile, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { CliError } from "../command-line/cli-error.ts";
import { writeFileWhole } from "../files/write-file.ts";

/** What signing in leaves on this machine. A password is never part of it. */
const StoredSession = z.strictObject({
  version: z.literal(1),
  server: z.string(),
  apiKey: z.string(),
  /** Of a key that `moult login` made, and that `moult logout` therefore deletes. */
  apiKeyId: z.string().optional(),
  /** PEM; vouches for the server instead of the authorities that this machine knows. */
  certificateAuthority: z.string().optional(),
});
export type StoredSession = Omit<z.infer<typeof StoredSession>, "version">;

type Environment = Readonly<Record<string, string | undefined>>;

export const sessionPath = (environment: Environment): string =>
  join(configFolder(environment), "config.json");

/** `$XDG_CONFIG_HOME/moult`: what this person set up. */
export function configFolder(environment: Environment): string {
  const folder = environment["XDG_CONFIG_HOME"];
  const root =
    folder === undefined || folder === ""
      ? join(environment["HOME"] ?? homedir(), ".config")
      : folder;
  return join(root, "moult");
}

export async function readSession(environment: Environment): Promise<StoredSession | undefined> {
  const path = sessionPath(environment);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  const parsed = StoredSession.safeParse(parseJson(text));
  if (!parsed.success)
    throw new CliError("file-invalid", `${path} is not a file that moult wrote.`, {
      hint: "Move it away and sign in again with `moult login`.",
    });
  const { version: _, ...session } = parsed.data;
  return session;
}

export async function writeSession(
  environment: Environment,
  session: StoredSession,
): Promise<void> {
  const text = `${JSON.stringify({ version: 1, ...session }, null, 2)}\n`;
  await writeFileWhole(sessionPath(environment), text, { mode: 0o600, mayReplace: true });
}

/** False when there was none. */
export async function removeSession(environment: Environment): Promise<boolean> {
  try {
    await unlink(sessionPath(environment));
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw cause;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
