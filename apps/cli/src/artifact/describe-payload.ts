import { stat } from "node:fs/promises";
import { basename } from "node:path";
import {
  payloadFileFromBytes,
  payloadFileFromPath,
  type JsonObject,
  type PayloadFileSource,
} from "@moult/artifact";
import { usageError } from "../command-line/cli-error.ts";
import type { OptionSpecs } from "../command-line/command.ts";
import type { PayloadPlan } from "./payload-plan.ts";
import { modulePayload } from "./module-payload.ts";
import { tarOfFolder } from "./tar-of-folder.ts";

export const PAYLOAD_OPTIONS = {
  type: {
    type: "string",
    value: "TYPE",
    help: "Payload type: the update module that installs it",
  },
  "meta-data": { type: "string", value: "FILE", help: "JSON object for the update module" },
  dir: { type: "string", value: "DIR", help: "Folder of an app, a directory or a composition" },
  "dest-dir": {
    type: "string",
    value: "DIR",
    help: "Where on the device: directory and single-file",
  },
  "file-name": { type: "string", value: "NAME", help: "single-file: its name on the device" },
  permissions: {
    type: "string",
    value: "MODE",
    help: "single-file: octal, the file's own unless told",
  },
  "app-name": { type: "string", value: "NAME", help: "app: names the application on the device" },
  "project-name": {
    type: "string",
    value: "NAME",
    help: "docker-compose: names the composition on the device",
  },
  command: {
    type: "string",
    value: "WORD",
    multiple: true,
    help: "app: program to start, then each of its arguments",
  },
  unit: {
    type: "string",
    value: "UNIT",
    help: "app: systemd service to restart instead of a command",
  },
  "health-url": {
    type: "string",
    value: "URL",
    help: "app: must answer with status 200 after the start",
  },
} as const satisfies OptionSpecs;

export interface DescribedPayload {
  readonly type: string;
  readonly files: readonly PayloadFileSource[];
  readonly metaData?: JsonObject;
  readonly softwareName: string;
}

/** Payload files and meta-data: by the type's convention where it has one, else as given. */
export async function describePayload(
  plan: PayloadPlan,
  signal: AbortSignal,
): Promise<DescribedPayload> {
  const { type, metaData, files: paths } = plan;
  const softwareName = plan.softwareName ?? type;
  switch (type) {
    case "app": {
      const app = appMetaData(plan);
      const files = await filesOf(plan, "app.tar", signal);
      const name = typeof app["name"] === "string" ? app["name"] : type;
      return { type, files, metaData: app, softwareName: plan.softwareName ?? name };
    }
    case "directory": {
      const destDir = destDirOf(plan);
      const archive = await filesOf(plan, "update.tar", signal);
      const files = [setting("dest_dir", destDir), ...archive];
      return { type, files, softwareName, ...withMetaData(metaData) };
    }
    case "single-file":
      return { type, files: await singleFile(plan), softwareName, ...withMetaData(metaData) };
    default: {
      const describe = modulePayload(type);
      if (describe !== undefined) return { type, softwareName, ...(await describe(plan, signal)) };
      if (paths.length === 0)
        throw usageError("The payload has no files.", "Name them after the options.");
      const files = await Promise.all(paths.map((path) => payloadFileFromPath(path)));
      return { type, files, softwareName, ...withMetaData(metaData) };
    }
  }
}

const withMetaData = (metaData: JsonObject | undefined) =>
  metaData === undefined ? {} : { metaData };

/** One of Mender's small payload files: a single line. */
const setting = (name: string, line: string): PayloadFileSource =>
  payloadFileFromBytes(name, Buffer.from(`${line}\n`));

/** A folder as an archive, beside the files that were named. */
async function filesOf(
  { dir, type, files: paths }: PayloadPlan,
  archiveName: string,
  signal: AbortSignal,
): Promise<readonly PayloadFileSource[]> {
  if (dir === undefined && paths.length === 0)
    throw usageError(`A payload of type ${type} needs --dir DIR, or its files.`);
  const named = await Promise.all(paths.map((path) => payloadFileFromPath(path)));
  return dir === undefined ? named : [await tarOfFolder(dir, archiveName, signal), ...named];
}

async function singleFile(plan: PayloadPlan): Promise<readonly PayloadFileSource[]> {
  const [path, second] = plan.files;
  if (path === undefined || second !== undefined)
    throw usageError("A payload of type single-file has exactly one file.");
  const destDir = destDirOf(plan);
  const fileName = plan.fileName ?? basename(path);
  const mode = ((await stat(path)).mode & 0o7777).toString(8);
  const permissions = plan.permissions ?? mode;
  if (!/^[0-7]{3,4}$/.test(permissions))
    throw usageError(`--permissions is an octal mode such as 0644, not "${permissions}".`);
  return [
    setting("dest_dir", destDir),
    setting("filename", fileName),
    setting("permissions", permissions),
    await payloadFileFromPath(path, fileName),
  ];
}

function destDirOf({ type, destDir }: PayloadPlan): string {
  if (destDir === undefined) throw usageError(`A payload of type ${type} needs --dest-dir DIR.`);
  if (!destDir.startsWith("/")) throw usageError("--dest-dir is an absolute path on the device.");
  return destDir;
}

/** The options over the file, so that CI can keep the rest of it in the repository. */
function appMetaData({ command, unit, appName, healthUrl, metaData }: PayloadPlan): JsonObject {
  const app: JsonObject = {
    ...metaData,
    ...(appName === undefined ? {} : { name: appName }),
    ...(command.length === 0 ? {} : { command }),
    ...(unit === undefined ? {} : { unit }),
    ...(healthUrl === undefined ? {} : { health: { kind: "http", url: healthUrl } }),
  };
  if (typeof app["name"] !== "string") throw usageError("An application needs --app-name NAME.");
  return app;
}
