import type { ClientTraits, Plan, UnheededTerm } from "@moult/model";

/**
 * What a plan says to devices about its steps, and a device's client cannot be told: offered the release all the same, it would
 * do what the plan forbids.
 */
export function unheededTerms(
  { mode, windows = [] }: Pick<Plan, "mode" | "windows">,
  traits: ClientTraits | null,
): readonly UnheededTerm[] {
  const said: readonly UnheededTerm[] = [
    ...(mode === "consent" || mode === "download-only" ? [mode] : []),
    ...(windows.some((window) => window.for.some((step) => step !== "download"))
      ? (["step-windows"] as const)
      : []),
  ];
  return said.filter((term) => traits?.cannotKeep?.includes(term) === true);
}

const WORDS: Readonly<Record<UnheededTerm, string>> = {
  consent: "that a person at it says yes",
  "download-only": "that it keeps what it downloads until a person opens the installation",
  "step-windows": "windows for its installation or its restart",
};

export const unheededWords = (terms: readonly UnheededTerm[]): string =>
  terms.map((term) => WORDS[term]).join(", and ");
