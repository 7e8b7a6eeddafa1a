import type { SnapshotMetadata, TimestampMetadata } from "./metadata.ts";
import { failed, type Failure, type Verified } from "./signed-file.ts";

/** TUF 5.4.3: neither the timestamp nor the snapshot that it names goes back. */
export function timestampFailure(
  { metadata: offered }: Verified<TimestampMetadata>,
  { metadata: stored }: Verified<TimestampMetadata>,
): Failure | undefined {
  if (offered.version < stored.version)
    return failed("version-rollback", `Version ${offered.version} came after ${stored.version}.`);
  const after = offered.meta["snapshot.json"].version;
  const before = stored.meta["snapshot.json"].version;
  // An equal timestamp is not taken, so what it names does not matter.
  return offered.version > stored.version && after < before
    ? failed("version-rollback", `It names snapshot ${after} after ${before}.`)
    : undefined;
}

/** TUF 5.5.5: no role of the repository goes back, and none goes away. */
export function snapshotFailure(
  offered: SnapshotMetadata,
  stored: SnapshotMetadata,
): Failure | undefined {
  if (offered.version < stored.version)
    return failed("version-rollback", `Version ${offered.version} came after ${stored.version}.`);
  for (const [name, { version: before }] of Object.entries(stored.meta)) {
    const after = Object.hasOwn(offered.meta, name) ? offered.meta[name]?.version : undefined;
    if (after === undefined) return failed("role-removed", `It no longer lists ${name}.`);
    if (after < before)
      return failed("version-rollback", `It lists ${name} ${after} after ${before}.`);
  }
  return undefined;
}
