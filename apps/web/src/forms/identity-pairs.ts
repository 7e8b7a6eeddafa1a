import { DeviceIdentity } from "@moult/model";

/** An identity as people write it, `serial=1017, mac=02:00:00:00:00:01`; null: none; undefined: it is not one. */
export function readIdentityPairs(text: string): DeviceIdentity | null | undefined {
  const parts = text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0) return null;
  const pairs = parts.map((part) => /^([^=]+?)\s*=\s*(.+)$/.exec(part));
  if (pairs.includes(null)) return undefined;
  const entries = pairs.map((pair) => [pair?.[1], pair?.[2]] as const);
  const read = DeviceIdentity.safeParse(Object.fromEntries(entries));
  return read.success && Object.keys(read.data).length === parts.length ? read.data : undefined;
}
