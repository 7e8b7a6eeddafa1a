import { hash } from "node:crypto";
import { Sha256, type DeviceId, type DeviceIdentity } from "@moult/model";

/** The same text for the same identity, whatever order its attributes came in. */
function canonicalIdentity(identity: DeviceIdentity): string {
  return JSON.stringify(
    Object.entries(identity).toSorted(([left], [right]) =>
      left < right ? -1 : left > right ? 1 : 0,
    ),
  );
}

/** What an identity is found by. */
export function identityDigest(identity: DeviceIdentity): Sha256 {
  return Sha256.parse(hash("sha256", canonicalIdentity(identity)));
}

/** What a search for a device looks through: its name, the values of its identity, its id. */
export function searchTextOf(device: {
  readonly id: DeviceId;
  readonly name: string | null;
  readonly identity: DeviceIdentity;
}): string {
  // On lines of their own, so that a match never spans two of them.
  return [device.name ?? "", ...Object.values(device.identity), device.id].join("\n").toLowerCase();
}

/** What a device is found by in a list that is sorted by names: the first line of its search text. */
export const sortNameOf = (searchText: string): string =>
  searchText.split("\n").find((line) => line !== "") ?? "";
