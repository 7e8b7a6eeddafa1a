import type {
  ArtifactAugment,
  ArtifactHead,
  ArtifactPayload,
  Depends,
  ExpectedFile,
  Provides,
} from "./artifact-head.ts";
import { ArtifactError } from "./artifact-error.ts";
import { parsePayloadFilePath } from "./entry-name.ts";
import type { HeaderInfo } from "./header-schema.ts";
import type { Manifest } from "./manifest.ts";
import type { Header, PayloadHeader } from "./read-header.ts";
import { parseJsonObject } from "./strict-json.ts";

const ROOTFS_IMAGE = "rootfs-image";
/** Section 2.4: an artifact that says nothing replaces everything. */
const CLEARS_ALL = ["*"];

/** A header and its name, which errors give. */
export interface NamedHeader {
  readonly header: Header;
  readonly entry: string;
}

/** The part of a head that follows from headers and manifests alone. */
export type HeadContent = Omit<
  ArtifactHead,
  "formatVersion" | "signature" | "headerCompression" | "sizeBytes" | "sha256"
>;

/** Joins a header with the files that its manifest promises. Throws `header-invalid` where the two contradict themselves. */
export function headContent(
  { header, entry }: NamedHeader,
  manifest: Manifest,
  augment?: { readonly header: NamedHeader; readonly manifest: Manifest },
): HeadContent {
  const payloads = payloadsOf({ header, entry }, manifest, false);
  const { artifact_provides: provides, artifact_depends: depends } = header.info;
  const clears = payloads.flatMap((payload) => payload.clearsProvides ?? []);
  const hasClears = payloads.some((payload) => payload.clearsProvides !== undefined);
  return {
    artifactName: provides.artifact_name,
    ...(provides.artifact_group === undefined ? {} : { artifactGroup: provides.artifact_group }),
    deviceTypes: depends.device_type,
    depends: merged(entry, "artifact_depends", [
      artifactDepends(header.info),
      ...payloads.map((payload) => payload.depends),
    ]),
    provides: merged(entry, "artifact_provides", [
      artifactProvides(header.info),
      ...payloads.map((payload) => payload.provides),
    ]),
    clearsProvides: hasClears ? clears : CLEARS_ALL,
    payloads,
    scripts: header.scripts,
    ...(augment === undefined ? {} : { augment: augmentOf(augment) }),
    headerInfoText: header.infoText,
  };
}

function augmentOf(augment: {
  readonly header: NamedHeader;
  readonly manifest: Manifest;
}): ArtifactAugment {
  const { header, entry } = augment.header;
  if (header.scripts.length > 0) throw invalid(entry, "an augmented header has no scripts");
  return { payloads: payloadsOf(augment.header, augment.manifest, true) };
}

function payloadsOf(
  { header, entry }: NamedHeader,
  manifest: Manifest,
  isAugment: boolean,
): readonly ArtifactPayload[] {
  const files = header.payloads.map((): ExpectedFile[] => []);
  for (const [path, sha256] of manifest) {
    const file = parsePayloadFilePath(path);
    if (file === undefined) continue;
    const ofPayload = files[file.payloadIndex];
    if (ofPayload === undefined)
      throw new ArtifactError("manifest-unmet", {
        entry: path,
        reason: "there is no such payload",
      });
    ofPayload.push({ name: file.name, sha256 });
  }
  return header.payloads.map((payload, index) => {
    const announced = header.info.payloads[index]?.type ?? null;
    const type = payloadType(announced, payload, `${entry}: payload ${index}`, isAugment);
    return payloadOf(index, type, payload, files[index] ?? [], `${entry}: payload ${index}`);
  });
}

/**
 * The type that `header-info` announces, which `type-info` must repeat. Mender's tool 3.9.0 to 4.3 writes an empty one
 * there for rootfs images (section 2.2); an augmented header may leave both empty to override nothing.
 */
function payloadType(
  announced: string | null,
  { typeInfo }: PayloadHeader,
  entry: string,
  isAugment: boolean,
): string | null {
  if (announced === "" && !isAugment) throw invalid(entry, "the payload has no type");
  if (typeInfo.type === announced) return announced;
  if (typeInfo.type === "" && announced === ROOTFS_IMAGE) return announced;
  throw new ArtifactError("header-invalid", {
    entry,
    reason: "header-info and type-info name different types",
    headerInfo: announced,
    typeInfo: typeInfo.type,
  });
}

function payloadOf(
  index: number,
  type: string | null,
  { typeInfo, typeInfoText, metaDataText }: PayloadHeader,
  files: readonly ExpectedFile[],
  entry: string,
): ArtifactPayload {
  if (type === null && (files.length > 0 || (metaDataText ?? "") !== ""))
    throw invalid(entry, "an empty payload has neither files nor meta-data");
  return {
    index,
    type,
    provides: typeInfo.artifact_provides ?? {},
    depends: typeInfo.artifact_depends ?? {},
    ...(typeInfo.clears_artifact_provides === undefined
      ? {}
      : { clearsProvides: typeInfo.clears_artifact_provides }),
    ...(metaDataText === undefined || metaDataText === ""
      ? {}
      : { metaData: parseJsonObject(metaDataText, `${entry}: meta-data`) }),
    files,
    typeInfoText,
    ...(metaDataText === undefined ? {} : { metaDataText }),
  };
}

function artifactProvides({ artifact_provides: provides }: HeaderInfo): Provides {
  return {
    artifact_name: provides.artifact_name,
    ...(provides.artifact_group === undefined ? {} : { artifact_group: provides.artifact_group }),
  };
}

/** An empty list asks for nothing: Go writes it as an absent one. */
function artifactDepends({ artifact_depends: depends }: HeaderInfo): Depends {
  const names = depends.artifact_name ?? [];
  const groups = depends.artifact_group ?? [];
  return {
    device_type: depends.device_type,
    ...(names.length === 0 ? {} : { artifact_name: names }),
    ...(groups.length === 0 ? {} : { artifact_group: groups }),
  };
}

/** Mender's tool refuses a name in two places, since nothing says which of them would hold. */
function merged<T>(
  entry: string,
  field: string,
  parts: readonly Readonly<Record<string, T>>[],
): Readonly<Record<string, T>> {
  const all = parts.flatMap((part) => Object.entries(part));
  const names = new Set<string>();
  for (const [name] of all) {
    if (names.has(name))
      throw new ArtifactError("header-invalid", {
        entry,
        reason: "a name given in two places",
        field,
        name,
      });
    names.add(name);
  }
  return Object.fromEntries(all);
}

function invalid(entry: string, reason: string): ArtifactError {
  return new ArtifactError("header-invalid", { entry, reason });
}
