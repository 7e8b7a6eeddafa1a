import type { Clock } from "@moult/base";
import type { TrustProposal, TrustProposalId } from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { Signer } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { checkProposal, demandMayPropose, invalid } from "./check-proposal.ts";
import {
  holdProposal,
  insertProposal,
  proposalById,
  proposalPage,
  proposedMetadata,
  putSignatures,
  setProposalState,
} from "./proposal-queries.ts";
import { publishedFiles, publishedRoles } from "./queries.ts";
import { showTrust } from "./show-trust.ts";
import { publishedTrustFile } from "./trust-files.ts";

export type TrustHandlers = Handlers<
  | "showTrust"
  | "listTrustFiles"
  | "showTrustFile"
  | "showOnlineKeys"
  | "createTrustProposal"
  | "listTrustProposals"
  | "showTrustProposal"
  | "addTrustSignatures"
  | "withdrawTrustProposal"
>;

export interface TrustDeps {
  readonly clock: Clock;
  readonly signer: Pick<Signer, "onlineKeys">;
}

export function createTrustHandlers({ clock, signer }: TrustDeps): TrustHandlers {
  return {
    showTrust: async ({ db, log }) => {
      // What is published can be shown without the signer.
      const onlineKeys = await signer.onlineKeys().catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        log.warn("online-keys-unknown", { reason: error.detail });
        return undefined;
      });
      return showTrust(db, onlineKeys, clock.now());
    },

    listTrustFiles: async ({ db }) => ({ items: await publishedFiles(db) }),

    showTrustFile: ({ db }, { params: { file } }) => publishedTrustFile(db, file),

    showOnlineKeys: async () => ({ ...(await signer.onlineKeys()) }),

    createTrustProposal: async ({ db, principal }, { body: { note, files } }) => {
      const roles = files.map(({ role }) => role);
      demandMayPropose(principal, roles);
      const id = newId<TrustProposalId>();
      const at = clock.now();
      const { name: by } = principal;
      await db.transaction(async (inner) => {
        const published = await publishedRoles(inner);
        const versions = new Map(published.map(({ role, version }) => [role, version]));
        await insertProposal(inner, { id, note, by, at }, checkProposal(files, versions, at));
        await appendEvent(inner, {
          at,
          body: { kind: "trust-proposal-changed", proposalId: id, change: "created", roles, by },
        });
      });
      return proposalOrRefusal(db, id);
    },

    listTrustProposals: ({ db }, { query: { cursor, limit, state } }) =>
      proposalPage(db, state, decodeCursor(cursor), limit),

    showTrustProposal: async ({ db }, { params: { trustProposalId } }) => ({
      ...(await proposalOrRefusal(db, trustProposalId)),
      metadata: await proposedMetadata(db, trustProposalId),
    }),

    addTrustSignatures: async ({ db, principal }, { params, body: { role, signatures } }) => {
      const { trustProposalId: id } = params;
      const at = clock.now();
      const { name: by } = principal;
      await db.transaction(async (inner) => {
        await holdOpen(inner, id);
        const { files } = await proposalOrRefusal(inner, id);
        if (!files.some((file) => file.role === role))
          throw invalid(`This proposal changes nothing of ${role}.`);
        demandMayPropose(principal, [role]);
        await putSignatures(inner, id, role, signatures, by, at);
        await appendEvent(inner, {
          at,
          body: {
            kind: "trust-proposal-changed",
            proposalId: id,
            change: "signed",
            roles: [role],
            by,
          },
        });
      });
      return proposalOrRefusal(db, id);
    },

    withdrawTrustProposal: async ({ db, principal }, { params: { trustProposalId: id } }) => {
      const at = clock.now();
      await db.transaction(async (inner) => {
        await holdOpen(inner, id);
        const roles = (await proposalOrRefusal(inner, id)).files.map(({ role }) => role);
        demandMayPropose(principal, roles);
        await setProposalState(inner, id, "withdrawn", at);
        await appendEvent(inner, {
          at,
          body: {
            kind: "trust-proposal-changed",
            proposalId: id,
            change: "withdrawn",
            roles,
            by: principal.name,
          },
        });
      });
      return proposalOrRefusal(db, id);
    },
  };
}

/** Holds an open proposal until the transaction ends; what is closed, or being published, stays as it is. */
async function holdOpen(db: TenantDb, id: TrustProposalId): Promise<void> {
  const state = await holdProposal(db, id);
  if (state === undefined) throw noProposal();
  if (state !== "open")
    throw new ApiError(
      "state-conflict",
      state === "publishing" ? "It is being published." : `It was ${state} already.`,
    );
}

async function proposalOrRefusal(db: TenantDb, id: TrustProposalId): Promise<TrustProposal> {
  const proposal = await proposalById(db, id);
  if (proposal === undefined) throw noProposal();
  return proposal;
}

const noProposal = (): ApiError => new ApiError("not-found", "There is no such proposal.");
