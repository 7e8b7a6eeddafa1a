import type { Depends, Provides } from "./artifact-head.ts";

/** Why an artifact does not fit a device. `device_type` is a dependency like any other. */
export type Incompatibility =
  | { readonly kind: "not-provided"; readonly name: string; readonly accepted: readonly string[] }
  | {
      readonly kind: "other-value";
      readonly name: string;
      readonly accepted: readonly string[];
      readonly provided: string;
    };

/**
 * What of an artifact's depends a device does not meet; empty when it may be installed (section 2.4).
 *
 * `deviceProvides` must hold the device's `device_type` beside what it has installed.
 */
export function incompatibilities(
  depends: Depends,
  deviceProvides: Provides,
): readonly Incompatibility[] {
  const found: Incompatibility[] = [];
  for (const [name, accepted] of Object.entries(depends)) {
    const provided = Object.hasOwn(deviceProvides, name) ? deviceProvides[name] : undefined;
    if (provided === undefined) found.push({ kind: "not-provided", name, accepted });
    else if (!accepted.includes(provided))
      found.push({ kind: "other-value", name, accepted, provided });
  }
  return found;
}

/** Whether a device with these provides, `device_type` among them, meets every depend (section 2.4). */
export function isCompatible(depends: Depends, deviceProvides: Provides): boolean {
  return incompatibilities(depends, deviceProvides).length === 0;
}

/** Whether `name` matches a `clears_artifact_provides` pattern: `*` stands for any run of characters, nothing else is special. */
export function matchesGlob(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;

  // The leftmost match of each middle part leaves the most for the rest, so no backtracking is needed.
  let position = first.length;
  for (const part of rest) {
    const at = name.indexOf(part, position);
    if (at < 0) return false;
    position = at + part.length;
  }
  return name.length - last.length >= position && name.endsWith(last);
}

/** What of an artifact changes the provides of the device that commits it. */
export interface ProvidesChange {
  readonly provides: Provides;
  readonly clearsProvides: readonly string[];
}

/**
 * What a device provides after it committed an artifact (section 2.4): the patterns are removed, then the artifact's
 * provides laid over the rest. An artifact without clears has `["*"]` here, so that it replaces everything, as the
 * oldest clients do. `device_type` belongs to the device and stays.
 */
export function applyProvides(
  before: Provides,
  { provides, clearsProvides }: ProvidesChange,
): Provides {
  const kept = Object.entries(before).filter(
    ([name]) => !clearsProvides.some((pattern) => matchesGlob(pattern, name)),
  );
  const deviceType = Object.entries(before).filter(([name]) => name === "device_type");
  return Object.fromEntries([...kept, ...Object.entries(provides), ...deviceType]);
}
