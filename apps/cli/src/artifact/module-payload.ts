import { basename } from "node:path";
import {
  payloadFileFromBytes,
  payloadFileFromPath,
  type JsonObject,
  type PayloadFileSource,
} from "@moult/artifact";
import { CliError, usageError } from "../command-line/cli-error.ts";
import { readJsonObject, type PayloadPlan } from "./payload-plan.ts";
import { tarOfFiles, tarOfFolder } from "./tar-of-folder.ts";

// Payloads of the update modules that ship with the agent: what a module would refuse on every device is refused here, once.

interface ModulePayload {
  readonly files: readonly PayloadFileSource[];
  readonly metaData?: JsonObject;
}

type Describe = (plan: PayloadPlan, signal: AbortSignal) => Promise<ModulePayload>;

/** How the payload of a shipped module is made; undefined for any other type. */
export function modulePayload(type: string): Describe | undefined {
  return MODULES.get(type);
}

function named(suffix: string, filesMax: number): Describe {
  return async ({ type, files: paths, metaData }) => {
    if (paths.length === 0) throw usageError(`A payload of type ${type} needs a file *${suffix}.`);
    if (paths.length > filesMax) throw usageError(`A payload of type ${type} is one file.`);
    const other = paths.find((path) => !path.endsWith(suffix));
    if (other !== undefined) throw usageError(`${other} is not named like *${suffix}.`);
    const files = paths.map((path) => payloadFileFromPath(path, payloadFileName(path)));
    return { files: await Promise.all(files), ...withMetaData(metaData) };
  };
}

/** Packages have versions like `1.0+git~2` in their names, and payload files may not. */
const payloadFileName = (path: string): string =>
  basename(path).replaceAll(/[^A-Za-z0-9._,-]/g, "_");

const withMetaData = (metaData: JsonObject | undefined) =>
  metaData === undefined ? {} : { metaData };

async function configuration({ files, metaData }: PayloadPlan): Promise<ModulePayload> {
  const [path, second] = files;
  if (path === undefined || second !== undefined)
    throw usageError("A payload of type configuration is one file with a JSON object.");
  const content = Buffer.from(`${JSON.stringify(await readJsonObject(path))}\n`);
  return {
    files: [payloadFileFromBytes("configuration.json", content)],
    ...withMetaData(metaData),
  };
}

const COMPOSE_FILES = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/** As Mender's generator makes it: `manifests.tar`, `images.tar`, and the project's name in the meta-data. */
async function composition(plan: PayloadPlan, signal: AbortSignal): Promise<ModulePayload> {
  const { dir, files, metaData } = plan;
  if (dir === undefined)
    throw usageError("A composition needs --dir DIR, the folder with its compose file.");
  const project = plan.projectName ?? metaData?.["project_name"];
  if (typeof project !== "string" || !/^[a-z0-9][a-z0-9_-]*$/.test(project))
    throw usageError("A composition needs --project-name NAME: a-z, 0-9, - and _.");
  const manifests = await tarOfFolder(dir, "manifests.tar", signal, "manifests/");
  if (!COMPOSE_FILES.some((name) => manifests.names.includes(`manifests/${name}`)))
    throw new CliError("file-invalid", `${dir} holds no compose file.`, {
      hint: `It is named one of ${COMPOSE_FILES.join(", ")}.`,
    });
  const images =
    files.length === 0 ? [] : [await tarOfFiles(files, "images.tar", signal, "images/")];
  return {
    files: [manifests, ...images],
    metaData: { version: "1", ...metaData, project_name: project },
  };
}

const MODULES: ReadonlyMap<string, Describe> = new Map([
  ["deb", named(".deb", Infinity)],
  ["rpm", named(".rpm", Infinity)],
  ["rauc", named(".raucb", 1)],
  ["swu", named(".swu", 1)],
  ["configuration", configuration],
  ["docker-compose", composition],
]);
