import type { ClientTraits, UnheededTerm } from "@moult/model";
import type { DeploymentFacts } from "./facts.ts";

/** What a plan says to devices about its steps by now, and not every client can be told. */
export function termsToHeed({
  plan: { mode, windows = [] },
  isInstallationOpen,
}: Pick<DeploymentFacts, "plan" | "isInstallationOpen">): readonly UnheededTerm[] {
  return [
    ...(mode === "consent" || (mode === "download-only" && isInstallationOpen !== true)
      ? [mode]
      : []),
    ...(windows.some((window) => window.for.some((step) => step !== "download"))
      ? (["step-windows"] as const)
      : []),
  ];
}

/** Those that a device's client cannot be told: offered the release all the same, it would do what the plan forbids. */
export const unheededTerms = (
  said: readonly UnheededTerm[],
  traits: ClientTraits | null,
): readonly UnheededTerm[] => said.filter((term) => traits?.cannotKeep?.includes(term) === true);

const WORDS: Readonly<Record<UnheededTerm, string>> = {
  consent: "that a person at it says yes",
  "download-only": "that it keeps what it downloads until a person opens the installation",
  "step-windows": "windows for its installation or its restart",
};

export const unheededWords = (terms: readonly UnheededTerm[]): string =>
  terms.map((term) => WORDS[term]).join(", and ");

/** Why a device whose client cannot be told these is offered nothing. */
export function unheededSentence(terms: readonly UnheededTerm[]): string {
  const words = unheededWords(terms);
  const isOver = terms.every((term) => term === "download-only");
  return `The plan wants what the device's client cannot be told: ${words}${
    isOver ? "; once the installation is open the device is offered the release" : ""
  }.`;
}
