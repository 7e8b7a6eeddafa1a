import {
  TrustMetadata,
  type TrustProposal,
  type TrustProposalFile,
  type TrustProposalId,
  type TrustProposalState,
  type TrustRole,
  type TrustSignature,
} from "@moult/model";
import type { Selectable } from "kysely";
import { fromJson, isoFrom, isoOrNull } from "../platform/columns.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { TrustProposalTable } from "../platform/trust-schema.ts";
import { storableText } from "../platform/storable-text.ts";
import type { TenantDb } from "../platform/tenant-db.ts";

export interface NewProposalFile {
  readonly role: TrustRole;
  readonly version: number;
  readonly expiresAt: number;
  readonly metadata: TrustMetadata;
}

export async function insertProposal(
  db: TenantDb,
  {
    id,
    note,
    by,
    at,
  }: {
    readonly id: TrustProposalId;
    readonly note: string;
    readonly by: string;
    readonly at: number;
  },
  files: readonly NewProposalFile[],
): Promise<void> {
  const { kysely, tenantId } = db;
  await kysely
    .insertInto("trust_proposal")
    .values({
      id,
      tenant_id: tenantId,
      state: "open",
      note: storableText(note),
      created_by: by,
      created_at: at,
      closed_at: null,
    })
    .execute();
  await kysely
    .insertInto("trust_proposal_file")
    .values(
      files.map(({ role, version, expiresAt, metadata }) => ({
        tenant_id: tenantId,
        proposal_id: id,
        role,
        version,
        expires_at: expiresAt,
        signed: JSON.stringify(metadata.signed),
      })),
    )
    .execute();
  for (const { role, metadata } of files)
    await putSignatures(db, id, role, metadata.signatures, by, at);
}

/** Adds signatures that were verified; false when their keys had signed already. */
export async function putSignatures(
  db: TenantDb,
  proposalId: TrustProposalId,
  role: TrustRole,
  signatures: readonly TrustSignature[],
  by: string,
  at: number,
): Promise<boolean> {
  if (signatures.length === 0) return false;
  const added = await db.kysely
    .insertInto("trust_proposal_signature")
    .values(
      signatures.map(({ keyid, sig }) => ({
        tenant_id: db.tenantId,
        proposal_id: proposalId,
        role,
        keyid: storableText(keyid),
        sig: storableText(sig),
        added_by: by,
        added_at: at,
      })),
    )
    .onConflict((conflict) => conflict.columns(["proposal_id", "role", "keyid"]).doNothing())
    .returning("keyid")
    .execute();
  return added.length > 0;
}

/** A page of proposals with who signed what, newest first. */
export async function proposalPage(
  db: TenantDb,
  state: TrustProposalState | undefined,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ items: TrustProposal[]; nextCursor: string | null }> {
  const rows = await db.kysely
    .selectFrom("trust_proposal")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .$if(state !== undefined, (query) => query.where("state", "=", state!))
    .$if(after !== undefined, (query) =>
      query.where((row) =>
        row(
          row.refTuple("created_at", "id"),
          "<",
          row.tuple(after!.sortedBy, after!.id as TrustProposalId),
        ),
      ),
    )
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const files = await filesOf(
    db,
    rows.map(({ id }) => id),
  );
  return pageFrom(
    rows,
    limit,
    (row) => proposalFrom(row, files.get(row.id) ?? []),
    (row) => ({ sortedBy: row.created_at, id: row.id }),
  );
}

export async function proposalById(
  db: TenantDb,
  id: TrustProposalId,
): Promise<TrustProposal | undefined> {
  const row = await db.kysely
    .selectFrom("trust_proposal")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return proposalFrom(row, (await filesOf(db, [id])).get(id) ?? []);
}

/** The state of a proposal, with its row held until the transaction ends. */
export async function holdProposal(
  db: TenantDb,
  id: TrustProposalId,
): Promise<TrustProposalState | undefined> {
  const row = await db.kysely
    .updateTable("trust_proposal")
    .set((old) => ({ state: old.ref("state") }))
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .returning("state")
    .executeTakeFirst();
  return row?.state;
}

export async function setProposalState(
  db: TenantDb,
  id: TrustProposalId,
  state: TrustProposalState,
  closedAt: number | null,
): Promise<void> {
  await db.kysely
    .updateTable("trust_proposal")
    .set({ state, closed_at: closedAt })
    .where("tenant_id", "=", db.tenantId)
    .where("id", "=", id)
    .execute();
}

export async function countOpenProposals(db: TenantDb): Promise<number> {
  const { count } = await db.kysely
    .selectFrom("trust_proposal")
    .select((row) => row.fn.countAll<number>().as("count"))
    .where("tenant_id", "=", db.tenantId)
    .where("closed_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The proposed files as whoever signs them gets them. */
export async function proposedMetadata(
  db: TenantDb,
  id: TrustProposalId,
): Promise<{ role: TrustRole; metadata: TrustMetadata }[]> {
  const files = await db.kysely
    .selectFrom("trust_proposal_file")
    .select(["role", "signed"])
    .where("tenant_id", "=", db.tenantId)
    .where("proposal_id", "=", id)
    .orderBy("role")
    .execute();
  const signatures = await signaturesOf(db, [id]);
  return files.map(({ role, signed }) => ({
    role,
    metadata: {
      signatures: signatures
        .filter((signature) => signature.role === role)
        .map(({ keyid, sig }) => ({ keyid, sig })),
      signed: fromJson(TrustMetadata.shape.signed, signed),
    },
  }));
}

const signaturesOf = (db: TenantDb, ids: readonly TrustProposalId[]) =>
  db.kysely
    .selectFrom("trust_proposal_signature")
    .selectAll()
    .where("tenant_id", "=", db.tenantId)
    .where("proposal_id", "in", ids)
    .orderBy("added_at")
    .orderBy("keyid")
    .execute();

async function filesOf(
  db: TenantDb,
  ids: readonly TrustProposalId[],
): Promise<Map<TrustProposalId, TrustProposalFile[]>> {
  const files = new Map<TrustProposalId, TrustProposalFile[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return files;
  const rows = await db.kysely
    .selectFrom("trust_proposal_file")
    .select(["proposal_id", "role", "version", "expires_at"])
    .where("tenant_id", "=", db.tenantId)
    .where("proposal_id", "in", ids)
    .orderBy("role")
    .execute();
  const signatures = await signaturesOf(db, ids);
  for (const row of rows)
    files.get(row.proposal_id)?.push({
      role: row.role,
      version: row.version,
      expiresAt: isoFrom(row.expires_at),
      signatures: signatures
        .filter(({ proposal_id, role }) => proposal_id === row.proposal_id && role === row.role)
        .map(({ keyid, added_by, added_at }) => ({
          keyid,
          addedBy: added_by,
          addedAt: isoFrom(added_at),
        })),
    });
  return files;
}

const proposalFrom = (
  row: Selectable<TrustProposalTable>,
  files: TrustProposalFile[],
): TrustProposal => ({
  id: row.id,
  state: row.state,
  note: row.note,
  createdBy: row.created_by,
  createdAt: isoFrom(row.created_at),
  closedAt: isoOrNull(row.closed_at),
  files,
});
