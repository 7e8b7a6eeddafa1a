import type { Reply } from "@moult/client";
import { trustFileName, type TrustStatus } from "@moult/model";
import { MetadataFile, describeDiff, parseStrictJson, type Signed } from "@moult/trust";
import { useQueries } from "@tanstack/react-query";
import { client } from "../server/client.ts";
import { signersOf, type SignedFile, type SignerGroup } from "./proposal-signers.ts";

type Proposal = Reply<"showTrustProposal">;

/** A proposed file, and what it would change as far as this page can tell. */
export interface ExplainedFile extends SignedFile {
  readonly version: number;
  readonly expiresAt: string;
  readonly changes: readonly string[];
  readonly groups: readonly SignerGroup[];
}

export interface ProposalFiles {
  readonly files: readonly ExplainedFile[] | undefined;
  readonly error: unknown;
  readonly refetch: () => void;
}

/** The proposed files beside those that are published: what changes is worked out here, from the metadata itself. */
export function useProposalFiles(
  proposal: Proposal,
  { repository, roles }: TrustStatus,
): ProposalFiles {
  const targetsVersion = roles.find(({ name }) => name === "targets")?.version;
  const rootName = repository === null ? [] : [trustFileName("root", repository.rootVersion)];
  const targetsName =
    targetsVersion === undefined ? [] : [trustFileName("targets", targetsVersion)];
  const before = proposal.files.flatMap(({ role, version }) =>
    version > 1 ? [trustFileName(role, version - 1)] : [],
  );
  const names = [...new Set([...rootName, ...targetsName, ...before])];
  const answers = useQueries({ queries: names.map(trustFileQuery) });
  const error = answers.find((answer) => answer.error !== null)?.error ?? null;
  const refetch = (): void => {
    for (const answer of answers) if (answer.error !== null) void answer.refetch();
  };
  if (answers.some(({ data }) => data === undefined)) return { files: undefined, error, refetch };
  const signedOf = (name: string | undefined): Signed | undefined =>
    name === undefined ? undefined : answers[names.indexOf(name)]?.data;
  const proposed = proposal.metadata.map(({ role, metadata }) => ({
    role,
    signed: metadata.signed as Signed,
    keyids: metadata.signatures.map(({ keyid }) => keyid),
  }));
  const published = { root: signedOf(rootName[0]), targets: signedOf(targetsName[0]) };
  const files = proposed.map((file): ExplainedFile => {
    const shown = proposal.files.find(({ role }) => role === file.role);
    const version = shown?.version ?? 1;
    const earlier = version > 1 ? signedOf(trustFileName(file.role, version - 1)) : undefined;
    return {
      ...file,
      version,
      expiresAt: shown?.expiresAt ?? "",
      changes: describeDiff(earlier, file.signed),
      groups: signersOf(file, proposed, published),
    };
  });
  return { files, error, refetch };
}

/** What a published file says; a version of it never changes. */
const trustFileQuery = (file: string) => ({
  queryKey: ["showTrustFile", { params: { file } }],
  staleTime: Infinity,
  queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<Signed> => {
    const { content } = await client.download("showTrustFile", { params: { file } }, { signal });
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of content) parts.push(new Uint8Array(part));
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    const { signed } = MetadataFile.parse(parseStrictJson(bytes));
    return signed;
  },
});
