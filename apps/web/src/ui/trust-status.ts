import type {
  ArtifactTrust,
  DeviceTrustLevel,
  Release,
  TrustProposalState,
  TrustWarning,
} from "@moult/model";
import type { Status } from "./status.ts";

// The states of trust: beside status.ts, and by its rules.

export const TRUST_WARNING: Readonly<Record<TrustWarning, Status>> = {
  "expires-90d": {
    word: "ends soon",
    shape: "clock",
    tone: "wait",
    sentence: "It ends within 90 days; whoever has its keys signs it anew before.",
  },
  "expires-30d": {
    word: "sign anew",
    shape: "clock",
    tone: "warn",
    sentence: "It ends within 30 days; whoever has its keys signs it anew before.",
  },
  "expires-7d": {
    word: "sign anew now",
    shape: "warning",
    tone: "warn",
    sentence: "It ends within a week; after that devices install nothing new by it.",
  },
  expired: {
    word: "expired",
    shape: "octagon-cross",
    tone: "bad",
    sentence: "Devices install nothing new by it until it is signed anew.",
  },
};

/** Of a role that nothing is to be said about. */
export const ROLE_VALID: Status = {
  word: "valid",
  shape: "check-circle",
  tone: "good",
  sentence: "Devices go by it.",
};

export const PROPOSAL_STATE: Readonly<Record<TrustProposalState, Status>> = {
  open: {
    word: "open",
    shape: "diamond-half",
    tone: "warn",
    sentence: "It waits for signatures, or to be published.",
  },
  publishing: {
    word: "being published",
    shape: "ring-arrow",
    tone: "move",
    sentence: "The server's signer adds what it renews by itself.",
  },
  published: {
    word: "published",
    shape: "check-circle",
    tone: "good",
    sentence: "Devices go by it, or by what came after it.",
  },
  withdrawn: {
    word: "withdrawn",
    shape: "square",
    tone: "wait",
    sentence: "It was taken back; nothing of it was published.",
  },
};

export const SIGNED_ENOUGH: Status = {
  word: "signed",
  shape: "shield-check",
  tone: "good",
  sentence: "It has the signatures that it needs.",
};

export const SIGNED_TOO_LITTLE: Status = {
  word: "waits for signatures",
  shape: "shield-half",
  tone: "warn",
  sentence: "More keys have to sign it.",
};

/** What protects a device's updates; the server says why in a sentence of its own. */
export const TRUST_LEVEL: Readonly<Record<DeviceTrustLevel["level"], Status>> = {
  "end-to-end": {
    word: "end-to-end",
    shape: "shield-check",
    tone: "good",
    sentence: "It installs only what offline keys signed.",
  },
  "payload-signed": {
    word: "payload-signed",
    shape: "shield-half",
    tone: "wait",
    sentence: "It checks the artifact's signature, not who told it to install.",
  },
  "server-trusted": {
    word: "server-trusted",
    shape: "shield",
    tone: "warn",
    sentence: "Whoever takes over the server could install software on this device.",
  },
  unknown: {
    word: "unknown",
    shape: "dotted-circle-dash",
    tone: "quiet",
    sentence: "Its client has not said yet what it verifies.",
  },
};

/** Whether offline keys have signed an artifact as something to install. */
export const ARTIFACT_TRUST: Readonly<Record<ArtifactTrust["state"], Status>> = {
  unsigned: {
    word: "not signed",
    shape: "shield",
    tone: "warn",
    sentence: "No offline key has signed it: devices that verify end to end do not take it.",
  },
  proposed: {
    word: "waits for signatures",
    shape: "shield-half",
    tone: "warn",
    sentence: "A proposal lists it, and waits for signatures or to be published.",
  },
  published: {
    word: "signed",
    shape: "shield-check",
    tone: "good",
    sentence: "Offline keys have signed it as something to install.",
  },
};

const LEAST_SIGNED_FIRST: readonly ArtifactTrust["state"][] = ["unsigned", "proposed", "published"];

/** A release is as well signed as its worst artifact; one without artifacts has nothing to sign. */
export const releaseTrust = ({
  artifacts,
}: Pick<Release, "artifacts">): ArtifactTrust["state"] | undefined =>
  LEAST_SIGNED_FIRST.find((state) => artifacts.some(({ trust }) => trust.state === state));

/** Of a receipt: whether it proves what it says. */
export const RECEIPT_HOLDS: Status = {
  word: "verified",
  shape: "shield-check",
  tone: "good",
  sentence: "The device's key has signed it, and it says what the device reported.",
};

export const RECEIPT_PROVES_NOTHING: Status = {
  word: "proves nothing",
  shape: "warning",
  tone: "bad",
  sentence: "Its signature or its content does not hold.",
};
