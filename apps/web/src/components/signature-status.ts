import type { ArtifactSignature } from "@moult/model";
import type { Status } from "../ui/status.ts";

/** The signature inside an artifact, which Mender clients check; offline keys sign what may be installed at all. */
export const SIGNATURE: Readonly<Record<ArtifactSignature, Status>> = {
  verified: {
    word: "valid",
    shape: "shield-check",
    tone: "good",
    sentence: "Signed by one of the product's keys; the server checked it.",
  },
  unverified: {
    word: "not checked",
    shape: "shield-half",
    tone: "warn",
    sentence: "Signed, but the product names no key to check it with.",
  },
  unsigned: {
    word: "none",
    shape: "shield",
    tone: "warn",
    sentence: "Clients that demand a signature inside the artifact refuse it.",
  },
};
