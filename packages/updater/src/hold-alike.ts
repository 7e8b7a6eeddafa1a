import type { Hold } from "@moult/model";

/** Whether two lists hold for the same reasons; how they are told does not matter. */
export function holdAlike(left: readonly Hold[], right: readonly Hold[]): boolean {
  const codes = (holds: readonly Hold[]): string =>
    holds
      .map(({ code }) => code)
      .toSorted()
      .join(" ");
  return codes(left) === codes(right);
}
