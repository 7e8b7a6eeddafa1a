import { instant, type InstantMs } from "@moult/base";
import { ReleaseId, ReleaseVersion, UserId } from "@moult/model";
import * as z from "zod";
import { fromJson } from "../platform/columns.ts";

/** A person's word that what a deployment brought is taken back. */
export interface RollbackOrder {
  readonly by: string;
  readonly byUser: UserId | null;
  readonly at: InstantMs;
  /** Null: to what each device ran before. */
  readonly to: { readonly releaseId: ReleaseId; readonly version: ReleaseVersion } | null;
}

const Stored = z.object({
  by: z.string(),
  byUser: UserId.nullable(),
  at: z.int(),
  to: z.object({ releaseId: ReleaseId, version: ReleaseVersion }).nullable(),
});

export function rollbackOrderFrom(json: string | null): RollbackOrder | null {
  if (json === null) return null;
  const { by, byUser, at, to } = fromJson(Stored, json);
  return { by, byUser, at: instant(at), to };
}
