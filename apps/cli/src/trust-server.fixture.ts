import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { instant } from "@moult/base";
import { newSnapshot, newTimestamp, signMetadata, tufKeyOf, type KeySigner } from "@moult/signing";
import { canonicalJson, type MetadataFile } from "@moult/trust";
import {
  HANDLED,
  Refusal,
  startApiServer,
  type ApiServer,
  type FixtureAnswer,
} from "./cli.fixture.ts";
import { AT } from "./model.fixture.ts";

type Answers = Parameters<typeof startApiServer>[0];

interface FixtureProposal {
  readonly id: string;
  readonly note: string;
  state: "open" | "published" | "withdrawn";
  readonly files: { readonly role: string; metadata: MetadataFile }[];
}

/** A server that keeps metadata and signs snapshot and timestamp, and believes everything it is told. */
export interface TrustServer extends ApiServer {
  readonly files: Map<string, Buffer>;
  readonly proposals: FixtureProposal[];
  /** The keys that the signer has now; tests exchange them. */
  online: Readonly<Record<"snapshot" | "timestamp" | "instruction", KeySigner>>;
  /** Its signer does not answer: nothing can be published. */
  isSignerAway: boolean;
  /** What is on the server now of a role. */
  published(role: string): MetadataFile;
  /** Signs what is published anew, as the signer does when its time has come. */
  renew(): Promise<void>;
}

export function newOnlineKey(): KeySigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = tufKeyOf(publicKey);
  return { keyid: key.keyid, key, sign: async (message) => sign(null, message, privateKey) };
}

/** With `answers` for everything that is not trust. */
export async function startTrustServer(answers: Answers = {}): Promise<TrustServer> {
  const files = new Map<string, Buffer>();
  const proposals: FixtureProposal[] = [];
  const versions = new Map<string, number>();
  const state = { online: newOnlineKeys(), snapshot: 0, isSignerAway: false };

  const renew = async (): Promise<void> => {
    const now = instant(Date.now());
    const version = (state.snapshot += 1);
    const below = [...versions].filter(([role]) => role !== "root");
    const snapshot = await signMetadata(
      unsigned(newSnapshot(Object.fromEntries(below), { version, now })),
      state.online.snapshot,
    );
    const bytes = bytesOf(snapshot);
    files.set(`${version}.snapshot.json`, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const timestamp = newTimestamp({ version, length: bytes.length, sha256 }, { version, now });
    files.set(
      "timestamp.json",
      bytesOf(await signMetadata(unsigned(timestamp), state.online.timestamp)),
    );
  };
  const publish = async (proposal: FixtureProposal): Promise<Refusal | undefined> => {
    if (state.isSignerAway) return new Refusal(503, "signer-unavailable", "It does not answer.");
    for (const { role, metadata } of proposal.files) {
      const version = Number(metadata.signed["version"]);
      files.set(`${version}.${role}.json`, bytesOf(metadata));
      versions.set(role, version);
    }
    proposal.state = "published";
    await renew();
    return undefined;
  };
  const server = await startApiServer({
    ...trustAnswers(files, proposals, () => state.online, publish),
    ...answers,
  });
  return {
    ...server,
    asked: server.asked,
    files,
    proposals,
    get online() {
      return state.online;
    },
    set online(keys) {
      state.online = keys;
    },
    get isSignerAway() {
      return state.isSignerAway;
    },
    set isSignerAway(isAway) {
      state.isSignerAway = isAway;
    },
    published: (role) =>
      JSON.parse(String(files.get(`${versions.get(role) ?? 0}.${role}.json`))) as MetadataFile,
    renew,
  };
}

const newOnlineKeys = () => ({
  snapshot: newOnlineKey(),
  timestamp: newOnlineKey(),
  instruction: newOnlineKey(),
});

const unsigned = (signed: object): MetadataFile => ({ signatures: [], signed: { ...signed } });
const bytesOf = (file: MetadataFile): Buffer => Buffer.from(canonicalJson(file));

function trustAnswers(
  files: ReadonlyMap<string, Buffer>,
  proposals: FixtureProposal[],
  online: () => TrustServer["online"],
  publish: (proposal: FixtureProposal) => Promise<Refusal | undefined>,
): Answers {
  const found = (id: string | undefined) => proposals.find((each) => each.id === id);
  const onOne =
    (work: (proposal: FixtureProposal, body: never) => unknown): FixtureAnswer =>
    async ({ params, body }) => {
      const proposal = found(params["trustProposalId"]);
      if (proposal === undefined) return new Refusal(404, "not-found", "No such proposal.");
      return (await work(proposal, body as never)) ?? replyOf(proposal);
    };
  return {
    showTrust: () => statusReply(files.size > 0, online()),
    showOnlineKeys: () =>
      Object.fromEntries(Object.entries(online()).map(([use, { key }]) => [use, key])),
    showTrustFile: ({ params, response }) => {
      const bytes = files.get(params["file"] ?? "");
      if (bytes === undefined) return new Refusal(404, "not-found", "There is no such file.");
      response
        .writeHead(200, {
          "content-type": "application/octet-stream",
          "content-length": bytes.length,
        })
        .end(bytes);
      return HANDLED;
    },
    createTrustProposal: ({ body }) => {
      const { note, files: proposed } = body as Pick<FixtureProposal, "note" | "files">;
      const proposal = { id: randomUUID(), note, state: "open" as const, files: proposed };
      proposals.push(proposal);
      return replyOf(proposal);
    },
    listTrustProposals: () => ({
      items: proposals.filter((each) => each.state === "open").map(replyOf),
      nextCursor: null,
    }),
    showTrustProposal: onOne((proposal) => ({ ...replyOf(proposal), metadata: proposal.files })),
    addTrustSignatures: onOne((proposal, body: { role: string; signatures: [] }) => {
      const file = proposal.files.find(({ role }) => role === body.role);
      if (file === undefined) return new Refusal(422, "trust-invalid", "No such role.");
      const signatures = [...file.metadata.signatures, ...body.signatures];
      file.metadata = { ...file.metadata, signatures };
      return undefined;
    }),
    publishTrustProposal: onOne(publish),
    withdrawTrustProposal: onOne((proposal) => {
      proposal.state = "withdrawn";
    }),
  };
}

const statusReply = (isReady: boolean, online: TrustServer["online"]) => ({
  state: isReady ? "ready" : "none",
  repository: null,
  roles: [],
  keys: [],
  onlineKeys: Object.entries(online).map(([use, { keyid }]) => ({ use, keyid, isInRoot: true })),
  openProposals: 0,
});

const replyOf = ({ id, note, state, files }: FixtureProposal) => ({
  id,
  note,
  state,
  createdBy: "ci",
  createdAt: AT,
  closedAt: null,
  files: files.map(({ role, metadata }) => ({
    role,
    version: metadata.signed["version"],
    expiresAt: new Date(String(metadata.signed["expires"])).toISOString(),
    signatures: metadata.signatures.map(({ keyid }) => ({ keyid, addedBy: "ci", addedAt: AT })),
  })),
});
