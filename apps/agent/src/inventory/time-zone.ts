import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../storage/durable-file.ts";

const ZONE = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;
const LINK = /\/zoneinfo\/(?:posix\/|right\/)?([^.].*)$/;

/**
 * The name of the machine's time zone, as localtime(5) has it; undefined where only its rules are known, not its name. Read
 * anew each time: a machine on wheels changes it while it runs. Not asked of Node, which may have been built without zones.
 */
export function timeZoneName(
  variables: Readonly<Record<string, string | undefined>>,
  root = "/",
): string | undefined {
  const variable = variables["TZ"]?.replace(/^:/, "");
  if (variable !== undefined && variable !== "") return named(LINK.exec(variable)?.[1] ?? variable);
  try {
    return named(LINK.exec(readlinkSync(join(root, "etc/localtime")))?.[1]);
  } catch (cause) {
    // Neither there nor named elsewhere: such a machine goes by UTC.
    if (systemCode(cause) === "ENOENT") return namedInFile(root) ?? "UTC";
    return namedInFile(root);
  }
}

/** Where the rules were copied, as installers of small systems do, Debian's way of naming them may be left. */
function namedInFile(root: string): string | undefined {
  try {
    return named(readFileSync(join(root, "etc/timezone"), "utf8").trim());
  } catch {
    return undefined;
  }
}

const named = (name: string | undefined): string | undefined =>
  name !== undefined && ZONE.test(name) ? name : undefined;
