import { access, constants, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "./durable-file.ts";

/** The names of a folder's executables, in order; none when there is no such folder. */
export async function executablesIn(folder: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return [];
    throw cause;
  }
  const found: string[] = [];
  for (const name of names.toSorted()) {
    const isExecutable = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) found.push(name);
  }
  return found;
}
