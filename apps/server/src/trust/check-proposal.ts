import { may } from "@moult/api";
import type { InstantMs } from "@moult/base";
import { channelOfRole, type TrustMetadata, type TrustRole } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import type { Principal } from "../platform/operation-handler.ts";
import type { NewProposalFile } from "./proposal-queries.ts";
import { expiryOf, isOnlineRole } from "./role-expiry.ts";

export interface ProposedFile {
  readonly role: TrustRole;
  readonly metadata: TrustMetadata;
}

export const invalid = (detail: string): ApiError => new ApiError("trust-invalid", detail);

/**
 * A server that came back from a backup is behind what its devices have seen, and its people go on from there. So many
 * versions are no slip of theirs, and none can use the numbers up. Root comes one by one: devices walk over each of them.
 */
const isAhead = (version: number, next: number): boolean =>
  version > next && version - next < VERSIONS_LOST_MAX;
const VERSIONS_LOST_MAX = 100;

/**
 * What can be said of proposed files before anybody signs them: each is of its role, is the next version, and has an end to
 * come. Whether enough of them sign is judged when it is published, by the rules of devices.
 */
export function checkProposal(
  files: readonly ProposedFile[],
  published: ReadonlyMap<TrustRole, number>,
  now: InstantMs,
): NewProposalFile[] {
  const roles = new Set(files.map(({ role }) => role));
  if (roles.size < files.length) throw invalid("Each role comes once in a proposal.");
  return files.map(({ role, metadata }) => {
    if (isOnlineRole(role)) throw invalid(`${role} is made by the server's signer.`);
    const { _type: type, version, expires } = metadata.signed;
    const wanted = role === "root" ? "root" : "targets";
    if (type !== wanted) throw invalid(`${role} is of type ${wanted}, and this says "${type}".`);
    const next = (published.get(role) ?? 0) + 1;
    const isNext = version === next || (role !== "root" && isAhead(version, next));
    if (!isNext)
      throw invalid(`The next version of ${role} is ${next}, and this is version ${version}.`);
    const expiresAt = expiryOf(expires);
    if (expiresAt === undefined)
      throw invalid(`${role} needs an end like 2027-11-28T00:00:00Z, and has "${expires}".`);
    if (expiresAt <= now) throw invalid(`${role} would be over already: ${expires}.`);
    return { role, version, expiresAt, metadata };
  });
}

/** Whoever releases may propose for channels; the roles above them, and who signs for whom, are the administrators'. */
export function demandMayPropose(principal: Principal, roles: readonly TrustRole[]): void {
  const above = roles.filter((role) => channelOfRole(role) === undefined);
  if (above.length > 0 && !may(principal.role, "trust:write"))
    throw new ApiError(
      "forbidden",
      `${above.join(" and ")} may be changed by administrators only.`,
    );
}
