import type { ClientTraits, DeviceTrustLevel } from "@moult/model";

const WHY: Readonly<Record<ClientTraits["trust"], Omit<DeviceTrustLevel, "rootVersion">>> = {
  "end-to-end": {
    level: "end-to-end",
    why: "It installs only what offline keys have signed, and only when a fresh instruction for it says so: who takes over this server cannot install software on it.",
  },
  "payload-signed": {
    level: "payload-signed",
    why: "It installs only artifacts that carry a signature it knows: who takes over this server can choose among them, old ones too.",
  },
  "server-trusted": {
    level: "server-trusted",
    why: "It installs what this server sends: who takes over this server can install software on it.",
  },
};

/** What protects a device's updates, by what its client says that it verifies; the same in UI, CLI and API. */
export function trustLevelOf(traits: ClientTraits | null): DeviceTrustLevel {
  if (traits === null)
    return {
      level: "unknown",
      why: "Its client has not said yet what it verifies.",
      rootVersion: null,
    };
  return { ...WHY[traits.trust], rootVersion: traits.rootVersion ?? null };
}
