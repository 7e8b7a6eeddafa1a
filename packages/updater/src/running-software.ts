import type { Depends, HardwareType, Running } from "@moult/model";
import type { OpenedArtifact } from "./update-state.ts";

const ARTIFACT_NAME = "artifact_name";
const ARTIFACT_GROUP = "artifact_group";
const DEVICE_TYPE = "device_type";

/** Mender's mark on the name of software that is neither the old nor, surely, the new. */
const INCONSISTENT = "_INCONSISTENT";

/** The longest `artifactName` a device may report. */
const NAME_CHARACTERS_MAX = 256;

/** What a device runs after it committed `artifact` (Mender Artifact v3, provides and clears). */
export function afterCommit(running: Running, artifact: OpenedArtifact): Running {
  const provides = Object.fromEntries(
    Object.entries(running.provides).filter(([name]) => !isCleared(name, artifact)),
  );
  return named(artifact.name, artifact.group, { ...provides, ...artifact.provides });
}

/** What a device says it runs when `artifact` could neither be made to work nor be taken back. */
export function afterLostRollback(running: Running, artifact: OpenedArtifact): Running {
  const name = artifact.name.slice(0, NAME_CHARACTERS_MAX - INCONSISTENT.length) + INCONSISTENT;
  const group = artifact.group ?? running.provides[ARTIFACT_GROUP] ?? null;
  return named(name, group, running.provides);
}

function named(
  artifactName: string,
  group: string | null,
  provides: Readonly<Record<string, string>>,
): Running {
  const { [ARTIFACT_GROUP]: before, ...others } = provides;
  const kept = group ?? before;
  return {
    artifactName,
    provides: {
      ...others,
      [ARTIFACT_NAME]: artifactName,
      ...(kept === undefined ? {} : { [ARTIFACT_GROUP]: kept }),
    },
  };
}

/**
 * Without `clears_artifact_provides` an artifact replaces everything; with it, only what its globs match. An artifact
 * without provides and clears therefore erases all but its name.
 */
function isCleared(name: string, artifact: OpenedArtifact): boolean {
  if (artifact.clearsProvides === null) return true;
  return artifact.clearsProvides.some((glob) => globMatches(glob, name));
}

/** `*` stands for any characters; nothing else is special. Linear: the pieces between stars are looked for left to right. */
function globMatches(glob: string, name: string): boolean {
  const pieces = glob.split("*");
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (pieces.length === 1) return glob === name;
  if (name.length < first.length + last.length) return false;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;

  const end = name.length - last.length;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, from);
    if (found === -1 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}

/** Why an artifact does not fit a device; undefined when it does. */
export function incompatibility(
  depends: Depends,
  hardwareTypes: readonly string[],
  device: { readonly hardwareType: HardwareType; readonly running: Running },
): string | undefined {
  if (!hardwareTypes.includes(device.hardwareType))
    return `the artifact is for ${hardwareTypes.join(", ")}; this device is ${device.hardwareType}`;

  const provided: Readonly<Record<string, string>> = {
    ...device.running.provides,
    [ARTIFACT_NAME]: device.running.artifactName,
    [DEVICE_TYPE]: device.hardwareType,
  };
  for (const [name, values] of Object.entries(depends)) {
    const value = provided[name];
    if (value === undefined)
      return `the artifact needs ${name} to be ${values.join(" or ")}; this device does not provide it`;
    if (!values.includes(value))
      return `the artifact needs ${name} to be ${values.join(" or ")}; on this device it is ${value}`;
  }
  return undefined;
}
