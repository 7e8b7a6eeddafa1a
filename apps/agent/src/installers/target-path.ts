import { mkdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";

/** The one line of a payload file such as `dest_dir`; undefined when there is no such file. */
export async function readSetting(tree: string, name: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(join(tree, "files", name), "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw cause;
  }
  const line = text.replace(/\n+$/, "");
  if (line.includes("\n") || line.includes("\0"))
    throw new InstallError("payload-refused", `the payload's ${name} is more than one line`);
  return line === "" ? undefined : line;
}

/**
 * The folder that a payload names as `dest_dir`, under the agent's root. Links in it are followed, so that what is
 * replaced is the folder itself and never a link to it.
 */
export async function targetFolder(destRoot: string, destDir: string | undefined): Promise<string> {
  if (destDir === undefined)
    throw new InstallError("payload-refused", "the payload has no dest_dir");
  const segments = destDir.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (!destDir.startsWith("/") || segments.length === 0 || segments.includes(".."))
    throw new InstallError(
      "payload-refused",
      `dest_dir ${JSON.stringify(destDir.slice(0, 200))} is not an absolute folder below /`,
    );
  return realFolder(join(destRoot, ...segments));
}

/** `path` with its links followed as far as it exists; its parents are made. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (systemCode(cause) !== "ENOENT") throw cause;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  return join(await realpath(dirname(path)), basename(path));
}
