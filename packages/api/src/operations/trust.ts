import {
  OnlineKeys,
  TrustFile,
  TrustMetadata,
  TrustProposal,
  TrustProposalId,
  TrustProposalState,
  TrustRole,
  TrustSignature,
  TrustStatus,
} from "@moult/model";
import * as z from "zod";
import { PageQuery, operation, pageOf } from "../operation.ts";

const params = z.object({ trustProposalId: TrustProposalId });

/** A new product brings a delegation and a role; more than these at once is somebody's mistake. */
const FILES_MAX = 50;
const SIGNATURES_MAX = 32;

export const trustOperations = {
  showTrust: operation({
    id: "showTrust",
    summary: "Who may sign what is installed, and how long what they signed is valid",
    method: "GET",
    path: "/trust",
    permission: "fleet:read",
    replyKind: "json",
    reply: TrustStatus,
    errors: [],
  }),
  listTrustFiles: operation({
    id: "listTrustFiles",
    summary: "Every published metadata file that a client may ask for",
    method: "GET",
    path: "/trust/files",
    permission: "fleet:read",
    replyKind: "json",
    reply: z.object({ items: z.array(TrustFile) }),
    errors: [],
  }),
  showTrustFile: operation({
    id: "showTrustFile",
    summary: "A published metadata file, byte by byte as it was signed; verify it, whoever sent it",
    method: "GET",
    path: "/trust/files/{file}",
    permission: "fleet:read",
    params: z.object({ file: z.string().min(1).max(200) }),
    replyKind: "stream",
    errors: ["not-found", "range-not-satisfiable"],
  }),
  showOnlineKeys: operation({
    id: "showOnlineKeys",
    summary: "Public keys of the server's signer, for the root of trust to name",
    method: "GET",
    path: "/trust/online-keys",
    permission: "fleet:read",
    replyKind: "json",
    reply: OnlineKeys,
    errors: ["signer-unavailable"],
  }),
  createTrustProposal: operation({
    id: "createTrustProposal",
    summary: "Propose new metadata; others may add their signatures until it is published",
    method: "POST",
    path: "/trust/proposals",
    permission: "trust:propose",
    body: z.strictObject({
      note: z.string().max(2_000).default(""),
      files: z
        .array(z.strictObject({ role: TrustRole, metadata: TrustMetadata }))
        .min(1)
        .max(FILES_MAX),
    }),
    replyKind: "json",
    reply: TrustProposal,
    errors: ["trust-invalid", "signer-unavailable"],
  }),
  listTrustProposals: operation({
    id: "listTrustProposals",
    summary: "Proposals, newest first",
    method: "GET",
    path: "/trust/proposals",
    permission: "fleet:read",
    query: PageQuery.extend({ state: TrustProposalState.optional() }),
    replyKind: "json",
    reply: pageOf(TrustProposal),
    errors: [],
  }),
  showTrustProposal: operation({
    id: "showTrustProposal",
    summary: "One proposal with its metadata, for whoever signs it to look through",
    method: "GET",
    path: "/trust/proposals/{trustProposalId}",
    permission: "fleet:read",
    params,
    replyKind: "json",
    reply: TrustProposal.extend({
      metadata: z.array(z.object({ role: TrustRole, metadata: TrustMetadata })),
    }),
    errors: ["not-found"],
  }),
  addTrustSignatures: operation({
    id: "addTrustSignatures",
    summary: "Add signatures to a file of an open proposal",
    method: "POST",
    path: "/trust/proposals/{trustProposalId}/signatures",
    permission: "trust:propose",
    params,
    body: z.strictObject({
      role: TrustRole,
      signatures: z.array(TrustSignature).min(1).max(SIGNATURES_MAX),
    }),
    replyKind: "json",
    reply: TrustProposal,
    errors: ["not-found", "state-conflict", "trust-invalid", "signer-unavailable"],
  }),
  publishTrustProposal: operation({
    id: "publishTrustProposal",
    summary: "Publish a proposal that is signed by enough keys, if devices would take it",
    method: "POST",
    path: "/trust/proposals/{trustProposalId}/publish",
    permission: "trust:propose",
    params,
    replyKind: "json",
    reply: TrustProposal,
    errors: ["not-found", "state-conflict", "trust-invalid", "signer-unavailable"],
  }),
  withdrawTrustProposal: operation({
    id: "withdrawTrustProposal",
    summary: "Take a proposal back; nothing of it is published",
    method: "POST",
    path: "/trust/proposals/{trustProposalId}/withdraw",
    permission: "trust:propose",
    params,
    replyKind: "json",
    reply: TrustProposal,
    errors: ["not-found", "state-conflict"],
  }),
} as const;
