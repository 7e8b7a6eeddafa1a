import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Sha256 } from "@moult/model";
import * as z from "zod";

/** One file that an import brought: what it became. */
const Brought = z.object({ id: z.string(), sha256: Sha256 });
type Brought = z.infer<typeof Brought>;

/** What earlier runs of the same import brought, so that gigabytes are not fetched again to learn that they are here. */
export interface ImportMemory {
  /** Where files lie while they are on their way. */
  readonly folder: string;
  sha256Of(id: string): Sha256 | undefined;
  remember(id: string, sha256: Sha256): Promise<void>;
}

/** Kept for one other server and one channel here; losing it costs time alone. */
export async function openImportMemory(
  environment: Readonly<Record<string, string | undefined>>,
  ofWhat: readonly string[],
): Promise<ImportMemory> {
  const state = environment["XDG_STATE_HOME"];
  const root =
    state === undefined || state === ""
      ? join(environment["HOME"] ?? homedir(), ".local", "state")
      : state;
  const name = createHash("sha256").update(JSON.stringify(ofWhat)).digest("hex").slice(0, 32);
  const folder = join(root, "moult", "imports", name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const list = join(folder, "brought.jsonl");
  const sha256ById = new Map((await linesOf(list)).map(({ id, sha256 }) => [id, sha256]));
  return {
    folder,
    sha256Of: (id) => sha256ById.get(id),
    remember: async (id, sha256) => {
      sha256ById.set(id, sha256);
      await appendFile(list, `${JSON.stringify({ id, sha256 })}\n`, { mode: 0o600 });
    },
  };
}

async function linesOf(path: string): Promise<Brought[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  // A line that a kill cut off is of a file that is fetched again.
  return text.split("\n").flatMap((line) => {
    try {
      return [Brought.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
