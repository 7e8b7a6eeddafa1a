import { isVersionAtLeast, type InstantMs } from "@moult/base";
import type { Depends, HardwareType, Provides } from "@moult/model";
import { isUnderPrefix, type InstructionComponent } from "../instruction.ts";
import { isoInstantMs } from "./iso-instant.ts";
import type { TargetCustom } from "./target-custom.ts";
import type { TrustedTarget } from "./trust.ts";

/** Every rule by which a device refuses to install what it was told to, although both signatures held. */
export type InstallRule =
  /** The signers of the target do not say what it is for, in the form that is known here. */
  | "custom-malformed"
  /** The instruction is about another target than the one that was looked up. */
  | "other-path"
  | "outside-path-prefix"
  | "other-length"
  | "other-digest"
  | "other-component"
  | "wrong-hardware"
  /** Below the counter that this device has committed: going back over a security fix. */
  | "security-counter-too-low"
  | "requirement-not-met"
  | "conflict"
  | "agent-too-old"
  | "too-early";

/** What a device knows of itself; nothing of it comes from the server. */
export interface InstallingDevice {
  readonly pathPrefix: string;
  readonly hardwareType: HardwareType;
  readonly securityCounter: number;
  /** What is installed now. */
  readonly provides: Provides;
  readonly agentVersion: string;
  readonly now: InstantMs;
}

export interface InstallQuestion {
  /** What the server's instruction says. */
  readonly component: InstructionComponent;
  /** What the offline-signed metadata says of the same path. */
  readonly target: TrustedTarget;
  /** `targetCustom(target)`. */
  readonly custom: TargetCustom | undefined;
  readonly device: InstallingDevice;
}

/** The first rule that forbids an installation, or `undefined`: both sides agree and everything fits this device. */
export function installRefusal({
  component,
  target,
  custom,
  device,
}: InstallQuestion): InstallRule | undefined {
  if (component.path !== target.path) return "other-path";
  if (!isUnderPrefix(target.path, device.pathPrefix)) return "outside-path-prefix";
  if (component.sizeBytes !== target.length) return "other-length";
  if (component.sha256 !== target.hashes["sha256"]) return "other-digest";
  if (custom === undefined) return "custom-malformed";
  if (component.name !== custom.component) return "other-component";
  if (!custom.hardwareTypes.includes(device.hardwareType)) return "wrong-hardware";
  if (custom.securityCounter < device.securityCounter) return "security-counter-too-low";
  if (!areRequirementsMet(custom.requires, device.provides)) return "requirement-not-met";
  if (hasConflict(custom.conflicts, device.provides)) return "conflict";
  if (custom.minAgent !== undefined && !isVersionAtLeast(device.agentVersion, custom.minAgent))
    return "agent-too-old";
  if (custom.notBefore !== undefined && !hasCome(custom.notBefore, device.now)) return "too-early";
  return undefined;
}

const provided = (provides: Provides, name: string): string | undefined =>
  Object.hasOwn(provides, name) ? provides[name] : undefined;

const areRequirementsMet = (requires: Depends, provides: Provides): boolean =>
  Object.entries(requires).every(([name, values]) => {
    const value = provided(provides, name);
    return value !== undefined && values.includes(value);
  });

const hasConflict = (conflicts: Depends, provides: Provides): boolean =>
  Object.entries(conflicts).some(([name, values]) => {
    const value = provided(provides, name);
    return value !== undefined && values.includes(value);
  });

function hasCome(notBefore: string, now: InstantMs): boolean {
  const from = isoInstantMs(notBefore);
  return from !== undefined && now >= from;
}
