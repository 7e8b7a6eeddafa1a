import type { Clock, InstantMs } from "@moult/base";
import type {
  FleetEventBody,
  TrustProposal,
  TrustProposalId,
  TrustRole,
  TrustSignature,
} from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { Principal } from "../platform/operation-handler.ts";
import type { Signer } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { checkProposal, demandMayPropose, invalid, type ProposedFile } from "./check-proposal.ts";
import { demandRootNamesSigner } from "./check-root-keys.ts";
import { demandSignaturesHold } from "./check-signatures.ts";
import {
  holdProposal,
  insertProposal,
  proposalById,
  proposedMetadata,
  putSignatures,
  setProposalState,
} from "./proposal-queries.ts";
import { publishedRoles } from "./queries.ts";

export interface ProposalDeps {
  readonly clock: Clock;
  readonly signer: Pick<Signer, "onlineKeys">;
}

/** A key signs once; what it sends again is left out. */
const oncePerKey = (signatures: readonly TrustSignature[]): TrustSignature[] =>
  signatures.filter(
    ({ keyid }, at) => signatures.findIndex((other) => other.keyid === keyid) === at,
  );

export async function createProposal(
  db: TenantDb,
  principal: Principal,
  { note, files: sent }: { readonly note: string; readonly files: readonly ProposedFile[] },
  { clock, signer }: ProposalDeps,
): Promise<TrustProposal> {
  const at = clock.now();
  const files = sent.map(({ role, metadata }) => ({
    role,
    metadata: { ...metadata, signatures: oncePerKey(metadata.signatures) },
  }));
  const roles = files.map(({ role }) => role);
  demandMayPropose(principal, roles);
  await demandRootNamesSigner(db, files, signer);
  const id = newId<TrustProposalId>();
  const { name: by } = principal;
  await db.transaction(async (inner) => {
    const published = await publishedRoles(inner);
    const versions = new Map(published.map(({ role, version }) => [role, version]));
    const checked = checkProposal(files, versions, at);
    await demandSignaturesHold(inner, files);
    await insertProposal(inner, { id, note, by, at }, checked);
    await tell(inner, id, "created", roles, by, at);
  });
  return proposalOrRefusal(db, id);
}

/** Each is verified on arrival; one by a key that has signed already changes nothing. */
export async function addSignatures(
  db: TenantDb,
  principal: Principal,
  id: TrustProposalId,
  { role, signatures }: { readonly role: TrustRole; readonly signatures: TrustSignature[] },
  { clock, signer }: ProposalDeps,
): Promise<TrustProposal> {
  const at = clock.now();
  if (role === "root") await demandRootNamesSigner(db, await proposedMetadata(db, id), signer);
  await db.transaction(async (inner) => {
    await holdOpen(inner, id);
    const proposed = await proposedMetadata(inner, id);
    const file = proposed.find((one) => one.role === role);
    if (file === undefined) throw invalid(`This proposal changes nothing of ${role}.`);
    demandMayPropose(principal, [role]);
    const added = oncePerKey(signatures);
    const metadata = { ...file.metadata, signatures: added };
    await demandSignaturesHold(inner, [{ role, metadata }], proposed);
    if (await putSignatures(inner, id, role, added, principal.name, at))
      await tell(inner, id, "signed", [role], principal.name, at);
  });
  return proposalOrRefusal(db, id);
}

export async function withdrawProposal(
  db: TenantDb,
  principal: Principal,
  id: TrustProposalId,
  at: InstantMs,
): Promise<TrustProposal> {
  await db.transaction(async (inner) => {
    await holdOpen(inner, id);
    const roles = (await proposalOrRefusal(inner, id)).files.map(({ role }) => role);
    demandMayPropose(principal, roles);
    await setProposalState(inner, id, "withdrawn", at);
    await tell(inner, id, "withdrawn", roles, principal.name, at);
  });
  return proposalOrRefusal(db, id);
}

/** Holds an open proposal until the transaction ends; what is closed, or being published, stays as it is. */
export async function holdOpen(db: TenantDb, id: TrustProposalId): Promise<void> {
  const state = await holdProposal(db, id);
  if (state === undefined) throw noProposal();
  if (state !== "open")
    throw new ApiError(
      "state-conflict",
      state === "publishing" ? "It is being published." : `It was ${state} already.`,
    );
}

export async function proposalOrRefusal(db: TenantDb, id: TrustProposalId): Promise<TrustProposal> {
  const proposal = await proposalById(db, id);
  if (proposal === undefined) throw noProposal();
  return proposal;
}

const noProposal = (): ApiError => new ApiError("not-found", "There is no such proposal.");

type Change = Extract<FleetEventBody, { kind: "trust-proposal-changed" }>["change"];

export function tell(
  db: TenantDb,
  proposalId: TrustProposalId,
  change: Change,
  roles: TrustRole[],
  by: string,
  at: InstantMs,
): Promise<void> {
  return appendEvent(db, {
    at,
    body: { kind: "trust-proposal-changed", proposalId, change, roles, by },
  });
}
