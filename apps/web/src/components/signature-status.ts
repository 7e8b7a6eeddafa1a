import type { ArtifactSignature, Release } from "@moult/model";
import type { Status } from "../ui/status.ts";

export const SIGNATURE: Readonly<Record<ArtifactSignature, Status>> = {
  verified: {
    word: "signed",
    shape: "shield-check",
    tone: "good",
    sentence: "Signed by one of the product's keys; the server checked it.",
  },
  unverified: {
    word: "signed, not checked",
    shape: "shield-half",
    tone: "warn",
    sentence: "Signed, but the product names no key to check it with.",
  },
  unsigned: {
    word: "not signed",
    shape: "shield",
    tone: "warn",
    sentence: "Devices that demand a signature refuse it.",
  },
};

const WORST_FIRST: readonly ArtifactSignature[] = ["unsigned", "unverified", "verified"];

/** A release is as well signed as its worst artifact; one without artifacts has nothing to sign. */
export function releaseSignature({ artifacts }: Pick<Release, "artifacts">): Status | undefined {
  const worst = WORST_FIRST.find((kind) => artifacts.some(({ signature }) => signature === kind));
  return worst === undefined ? undefined : SIGNATURE[worst];
}
