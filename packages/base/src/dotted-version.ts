/**
 * Whether a dotted version such as `1.10` is `wanted` or above: part by part as numbers, and a part that is not given is 0.
 * A version that is no dotted number is below every other.
 */
export function isVersionAtLeast(version: string, wanted: string): boolean {
  if (!/^[0-9]+(?:\.[0-9]+)*$/.test(version)) return false;
  const parts = version.split(".").map(Number);
  const wantedParts = wanted.split(".").map(Number);
  for (let index = 0; index < Math.max(parts.length, wantedParts.length); index += 1) {
    const difference = (parts[index] ?? 0) - (wantedParts[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
