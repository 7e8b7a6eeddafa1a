import type { Client } from "@moult/client";
import { MetadataFile } from "@moult/trust";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext, OptionSpecs, OptionValues } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { missingText, understoodText } from "../show/trust-text.ts";
import { isComplete, understand, type ProposedFile, type Understood } from "./proposed-files.ts";
import { PASSPHRASE_OPTIONS, secretsOf } from "./secrets.ts";
import { signFiles } from "./sign-files.ts";
import { openRepository } from "./repository.ts";
import type { TrustPlace, TrustSession } from "./trust-session.ts";

/** Options of every command that may sign. */
export const SIGN_OPTIONS = {
  key: {
    type: "string",
    value: "NAME",
    multiple: true,
    help: "Sign with this key; unless told, with every key of this machine that may",
  },
  yes: { type: "boolean", help: "Sign without being asked" },
  ...PASSPHRASE_OPTIONS,
} as const satisfies OptionSpecs;

/** Options of the commands that propose. */
export const PROPOSE_OPTIONS = {
  note: { type: "string", value: "TEXT", help: "Why, for those who sign" },
  sign: { type: "boolean", help: "Sign at once, and publish when no signature is missing" },
  ...SIGN_OPTIONS,
} as const satisfies OptionSpecs;

type SignValues = OptionValues<typeof SIGN_OPTIONS>;

/** What became of a proposal: what `--json` prints. */
export interface ProposalOutcome {
  readonly proposalId: string;
  readonly published: boolean;
  readonly files: readonly {
    readonly role: string;
    readonly changes: readonly string[];
    /** Names or ids of the keys of which more must sign. */
    readonly missing: readonly string[];
  }[];
}

/** Uploads a proposal; with `--sign` signs it before and publishes it when it is complete. */
export async function propose(
  context: CommandContext,
  session: TrustSession,
  files: readonly ProposedFile[],
  options: OptionValues<typeof PROPOSE_OPTIONS>,
): Promise<ProposalOutcome> {
  const { client, repository, keys } = session;
  const understood = understand(files, repository, keys, Date.now());
  showUnderstood(context, session, understood);
  const signed = options.sign ? await signUnderstood(context, session, understood, options) : files;
  const proposal = await client.call(
    "createTrustProposal",
    { body: { note: options.note ?? "", files: signed.map(asBody) } },
    { signal: context.signal },
  );
  const now = understand(signed, repository, keys, Date.now());
  return finish(context, session, proposal.id, now, options.sign);
}

/** Signs a proposal that is on the server, after it was shown. */
export async function signProposal(
  context: CommandContext,
  session: TrustSession,
  proposalId: string,
  options: SignValues,
  mayPublish: boolean,
): Promise<ProposalOutcome> {
  const { client, repository, keys } = session;
  const files = await proposedFiles(context, client, proposalId);
  const understood = understand(files, repository, keys, Date.now());
  showUnderstood(context, session, understood);
  const signed = await signUnderstood(context, session, understood, options);
  for (const { role, added } of signed)
    if (added.length > 0)
      await client.call(
        "addTrustSignatures",
        {
          params: { trustProposalId: proposalId },
          body: { role, signatures: added.map(({ keyid, sig }) => ({ keyid, sig })) },
        },
        { signal: context.signal },
      );
  const now = understand(signed, repository, keys, Date.now());
  return finish(context, session, proposalId, now, mayPublish);
}

/** The proposed bytes; what else the server says of them is not used. */
export async function proposedFiles(
  { signal }: CommandContext,
  client: Client,
  proposalId: string,
): Promise<readonly ProposedFile[]> {
  const params = { trustProposalId: proposalId };
  const { metadata } = await client.call("showTrustProposal", { params }, { signal });
  return metadata.map(({ role, metadata: file }) => ({ role, file: MetadataFile.parse(file) }));
}

/** Publishes, and follows with the own root of trust: what devices will see is seen here first. */
export async function publishProposal(
  context: CommandContext,
  { client, folder }: TrustPlace,
  proposalId: string,
): Promise<void> {
  const { signal } = context;
  const params = { trustProposalId: proposalId };
  await client.call("publishTrustProposal", { params }, { signal });
  await openRepository(context, client, folder);
}

async function signUnderstood(
  context: CommandContext,
  { keys }: TrustPlace,
  understood: Understood,
  options: SignValues,
) {
  await confirm(context, options.yes, "Sign this?");
  const secrets = secretsOf(context, options["passphrase-file"]);
  const signed = await signFiles(context, understood, keys, options.key, secrets);
  if (signed.every(({ added }) => added.length === 0) && !understood.files.every(isComplete))
    throw new CliError("key-missing", "No key of this machine that has not signed may sign this.", {
      hint: "`moult trust key list` shows the keys of this machine, `moult trust status` those that may sign.",
    });
  return signed;
}

async function finish(
  context: CommandContext,
  session: TrustSession,
  proposalId: string,
  now: Understood,
  mayPublish: boolean,
): Promise<ProposalOutcome> {
  const published = mayPublish && now.files.every(isComplete);
  if (published) await publishProposal(context, session, proposalId);
  return {
    proposalId,
    published,
    files: now.files.map((file) => ({
      role: file.role,
      changes: file.changes,
      missing: missingText(file, session.keys),
    })),
  };
}

function showUnderstood(
  { terminal, isJson }: CommandContext,
  { keys }: TrustPlace,
  understood: Understood,
): void {
  const text = understoodText(understood, keys, terminal);
  if (isJson) terminal.err(text);
  else terminal.out(text);
}

const asBody = ({ role, file }: ProposedFile) => ({
  role,
  metadata: { signatures: [...file.signatures], signed: file.signed as never },
});
