import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactHead, ArtifactPayload } from "@moult/artifact";
import type { HardwareType, Running } from "@moult/model";
import { syncFolder } from "../storage/durable-file.ts";

/** The file tree of one payload (update modules v3, "file API"); `position` counts from 0 in the artifact's order. */
export function fileTree(dataDir: string, position: number): string {
  return join(payloadsFolder(dataDir), String(position).padStart(4, "0"), "tree");
}

const payloadsFolder = (dataDir: string): string => join(dataDir, "modules", "v3", "payloads");

/** Removes all file trees; succeeds when there is none. */
export async function removeFileTrees(dataDir: string): Promise<void> {
  await rm(payloadsFolder(dataDir), { recursive: true, force: true });
}

/** Makes a file tree, with what an update module is told of the device and the artifact; durable. */
export async function makeFileTree(
  tree: string,
  head: ArtifactHead,
  payload: ArtifactPayload,
  device: { readonly hardwareType: HardwareType; readonly running: Running },
): Promise<void> {
  const header = join(tree, "header");
  const temporary = join(tree, "tmp");
  for (const folder of [tree, header, temporary])
    await mkdir(folder, { recursive: true, mode: 0o700 });

  const { artifactName, provides } = device.running;
  // The device's own values end with a newline and are empty when there is none; the artifact's are as they are.
  await store(join(tree, "version"), "3\n");
  await store(join(tree, "current_artifact_name"), line(artifactName));
  await store(join(tree, "current_artifact_group"), line(provides["artifact_group"]));
  await store(join(tree, "current_device_type"), line(device.hardwareType));
  await store(join(header, "artifact_name"), head.artifactName);
  await store(join(header, "artifact_group"), head.artifactGroup ?? "");
  await store(join(header, "payload_type"), payload.type ?? "");
  await store(join(header, "header-info"), head.headerInfoText);
  await store(join(header, "type-info"), payload.typeInfoText);
  await store(join(header, "meta-data"), payload.metaDataText ?? "");
  for (const folder of [temporary, header, tree]) await syncFolder(folder);
}

const line = (value: string | undefined): string =>
  value === undefined || value === "" ? "" : `${value}\n`;

async function store(path: string, content: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
