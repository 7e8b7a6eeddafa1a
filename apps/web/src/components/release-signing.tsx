import { roleOfChannel, type Release, type TrustProposal, type TrustStatus } from "@moult/model";
import { useOperation } from "../server/operation-query.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { releaseTrust } from "../ui/trust-status.ts";
import { createRoleCommand, proposeReleaseCommand } from "./cli-commands.ts";

/** What is to be done until devices that verify end to end take a release; nothing once it is signed. */
export function ReleaseSigning({ release }: { readonly release: Release }) {
  const state = releaseTrust(release);
  const isMissing = state !== undefined && state !== "published";
  const trust = useOperation("showTrust", undefined, { enabled: isMissing }).data;
  if (!isMissing || trust === undefined) return null;
  return (
    <Panel title="Signing">
      <div className="flex flex-col gap-3">
        <p className="max-w-prose text-soft">
          Devices that verify end to end do not take this release before the keys of{" "}
          <Foreign text={roleOfChannel(release.product, release.channel)} mono /> have signed it.
        </p>
        {trust.state === "none" ? (
          <p>
            Nobody can sign yet: <TextLink to="/settings/trust">set up signing</TextLink>.
          </p>
        ) : state === "proposed" ? (
          <Proposed release={release} />
        ) : (
          <Unsigned release={release} trust={trust} />
        )}
      </div>
    </Panel>
  );
}

function Unsigned({ release, trust }: { readonly release: Release; readonly trust: TrustStatus }) {
  const { product, channel } = release;
  const hasRole = trust.roles.some(({ name }) => name === roleOfChannel(product, channel));
  return (
    <>
      {!hasRole && (
        <>
          <p>First decide who signs for this channel, with the names of their keys:</p>
          <CommandLine
            command={createRoleCommand(product, channel)}
            what="command that makes the channel’s role"
          />
        </>
      )}
      <p>
        {hasRole ? "Sign" : "Then sign"} with the file that was uploaded; what is signed comes from
        the file, not from this server:
      </p>
      <CommandLine
        command={proposeReleaseCommand(product, channel)}
        what="command that signs the release"
      />
    </>
  );
}

/** The open proposals of the channel's role. */
function Proposed({ release: { product, channel } }: { readonly release: Release }) {
  const role = roleOfChannel(product, channel);
  const { data } = useOperation("listTrustProposals", { query: { state: "open" } });
  const proposals = (data?.items ?? []).filter(({ files }) =>
    files.some((file) => file.role === role),
  );
  return (
    <ul aria-label="Proposals that list it" className="flex flex-col gap-1">
      {proposals.map((proposal) => (
        <ProposalLine key={proposal.id} proposal={proposal} />
      ))}
    </ul>
  );
}

const ProposalLine = ({
  proposal: { id, createdBy, note },
}: {
  readonly proposal: TrustProposal;
}) => (
  <li>
    <TextLink to="/settings/proposals/$trustProposalId" params={{ trustProposalId: id }}>
      The proposal of <Foreign text={createdBy} />
    </TextLink>
    {note !== "" && (
      <>
        : <Foreign text={note.slice(0, 200)} />
      </>
    )}
  </li>
);
