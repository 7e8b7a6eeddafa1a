import type { Reply } from "@moult/client";
import type { TrustProposalId, TrustStatus } from "@moult/model";
import { useParams } from "@tanstack/react-router";
import { proposalCommand } from "../components/cli-commands.ts";
import { ProposalActions } from "../components/proposal-actions.tsx";
import { ProposalFile } from "../components/proposal-file.tsx";
import { isComplete } from "../components/proposal-signers.ts";
import { useProposalFiles } from "../components/use-proposal-files.ts";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { isNowhere } from "../server/problem.ts";
import { Badge } from "../ui/badge.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Empty, Loading, Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { PROPOSAL_STATE } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";

type Proposal = Reply<"showTrustProposal">;

const above = <TextLink to="/settings/trust">Trust</TextLink>;

/** What a proposal would change, who has signed it, and the commands to look it through and sign it elsewhere. */
export function TrustProposalPage() {
  const { trustProposalId } = useParams({ from: "/frame/settings/proposals/$trustProposalId" });
  const params = { trustProposalId: trustProposalId as TrustProposalId };
  const answer = useOperation("showTrustProposal", { params });
  const trust = useOperation("showTrust");
  if (isNowhere(answer.error))
    return (
      <>
        <PageHeader title="Proposal" above={above} />
        <Empty title="There is no proposal with this id">
          <p>A proposal is never deleted: the address is of another server, or cut short.</p>
        </Empty>
      </>
    );
  return (
    <>
      {answer.data === undefined && <PageHeader title="Proposal" above={above} />}
      <Answered answer={answer} what="proposal" rows={6}>
        {(proposal) =>
          trust.data === undefined ? (
            <>
              <Header proposal={proposal} isComplete={undefined} />
              <Answered answer={trust} what="roles" rows={4}>
                {() => null}
              </Answered>
            </>
          ) : (
            <Shown proposal={proposal} trust={trust.data} />
          )
        }
      </Answered>
    </>
  );
}

function Header({
  proposal,
  isComplete: hasAll,
}: {
  readonly proposal: Proposal;
  readonly isComplete: boolean | undefined;
}) {
  const { files, state, createdBy, createdAt, closedAt } = proposal;
  const title = `Proposal for ${files.map(({ role }) => role).join(", ")}`;
  return (
    <PageHeader
      title={title}
      shownTitle={<Foreign text={title} />}
      above={above}
      badge={<Badge status={PROPOSAL_STATE[state]} />}
      sentence={
        <>
          Proposed by <Foreign text={createdBy} /> <When at={createdAt} />
          {closedAt !== null && (
            <>
              , {PROPOSAL_STATE[state].word} <When at={closedAt} />
            </>
          )}
          .
        </>
      }
      actions={state === "open" && <ProposalActions proposal={proposal} isComplete={hasAll} />}
    />
  );
}

function Shown({ proposal, trust }: { readonly proposal: Proposal; readonly trust: TrustStatus }) {
  const { files, error, refetch } = useProposalFiles(proposal, trust);
  const isOpen = proposal.state === "open";
  const hasAll = files === undefined ? undefined : isComplete(files.map(({ groups }) => groups));
  const signaturesOf = (role: string) =>
    proposal.files.find((file) => file.role === role)?.signatures ?? [];
  return (
    <>
      <Header proposal={proposal} isComplete={hasAll} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          {error !== null && <ProblemPanel error={error} onRetry={refetch} />}
          {files === undefined
            ? error === null && <Loading what="changes" rows={4} />
            : files.map((file) => (
                <ProposalFile
                  key={file.role}
                  file={file}
                  signatures={signaturesOf(file.role)}
                  isOpen={isOpen}
                />
              ))}
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {isOpen && (
            <NextPanel
              id={proposal.id}
              isComplete={hasAll === true}
              fileCount={proposal.files.length}
            />
          )}
          <Note note={proposal.note} />
        </div>
      </div>
    </>
  );
}

function Note({ note }: { readonly note: string }) {
  return (
    <Panel title="Note">
      {note === "" ? (
        <p className="text-soft">None was given.</p>
      ) : (
        <p>
          <Foreign text={note} lines />
        </p>
      )}
    </Panel>
  );
}

function NextPanel({
  id,
  isComplete: hasAll,
  fileCount,
}: {
  readonly id: TrustProposalId;
  readonly isComplete: boolean;
  readonly fileCount: number;
}) {
  return (
    <Panel title="What comes next">
      <div className="flex flex-col gap-3">
        <p className="text-soft">
          What this page shows is the server’s word. The command line tool works out the changes
          itself, from what your machine has verified. Look at those before you sign:
        </p>
        <CommandLine command={proposalCommand("diff", id)} what="command that shows the changes" />
        {hasAll ? (
          <>
            <p>
              {counted(fileCount, "file")} {fileCount === 1 ? "has" : "have"} enough signatures.
              Publish here, or:
            </p>
            <CommandLine command={proposalCommand("publish", id)} what="command that publishes" />
          </>
        ) : (
          <>
            <p>Sign where your key is:</p>
            <CommandLine command={proposalCommand("sign", id)} what="command that signs" />
          </>
        )}
      </div>
    </Panel>
  );
}
