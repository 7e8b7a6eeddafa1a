import type { ForeignNames } from "./upload-item.ts";

/**
 * Why a file that is no artifact cannot go, in a sentence; undefined when the server makes one of it. `problem` says why it is
 * none.
 */
export function foreignProblem(
  name: string,
  { version, hardwareTypes }: ForeignNames,
  problem: string,
): string | undefined {
  const file = name.toLowerCase();
  if (file.endsWith(".raucb")) return undefined;
  if (file.endsWith(".swu"))
    return hardwareTypes.length > 0
      ? undefined
      : "It does not say what it fits: name its hardware types first.";
  return version !== "" && hardwareTypes.length > 0 ? undefined : problem;
}
