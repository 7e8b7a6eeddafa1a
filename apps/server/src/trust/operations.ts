import type { Clock } from "@moult/base";
import { ApiError } from "../platform/api-error.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { Signer } from "../platform/signer-client.ts";
import { proposalPage, proposedMetadata } from "./proposal-queries.ts";
import { addSignatures, createProposal, proposalOrRefusal, withdrawProposal } from "./proposals.ts";
import { publishProposal } from "./publish-proposal.ts";
import { publishedFiles } from "./queries.ts";
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
  | "publishTrustProposal"
  | "withdrawTrustProposal"
>;

export interface TrustDeps {
  readonly clock: Clock;
  readonly signer: Pick<Signer, "onlineKeys" | "renew" | "notePublished">;
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

    createTrustProposal: ({ db, principal }, { body }) =>
      createProposal(db, principal, body, { clock, signer }),

    listTrustProposals: ({ db }, { query: { cursor, limit, state } }) =>
      proposalPage(db, state, decodeCursor(cursor), limit),

    showTrustProposal: async ({ db }, { params: { trustProposalId } }) => ({
      ...(await proposalOrRefusal(db, trustProposalId)),
      metadata: await proposedMetadata(db, trustProposalId),
    }),

    addTrustSignatures: ({ db, principal }, { params: { trustProposalId }, body }) =>
      addSignatures(db, principal, trustProposalId, body, { clock, signer }),

    publishTrustProposal: ({ db, principal }, { params: { trustProposalId } }) =>
      publishProposal(db, principal, trustProposalId, { clock, signer }),

    withdrawTrustProposal: ({ db, principal }, { params: { trustProposalId } }) =>
      withdrawProposal(db, principal, trustProposalId, clock.now()),
  };
}
