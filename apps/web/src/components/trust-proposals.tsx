import type { TrustProposal } from "@moult/model";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { Badge } from "../ui/badge.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { PROPOSAL_STATE } from "../ui/trust-status.ts";
import { usePaging } from "../ui/use-paging.ts";
import { When } from "../ui/when.tsx";

const SHOWN = 20;

const rolesOf = ({ files }: TrustProposal): string => files.map(({ role }) => role).join(", ");

const COLUMNS: readonly Column<TrustProposal>[] = [
  {
    key: "roles",
    title: "Changes",
    isWide: true,
    cell: (proposal) => (
      <TextLink
        to="/settings/proposals/$trustProposalId"
        params={{ trustProposalId: proposal.id }}
        isQuiet
      >
        <Foreign text={rolesOf(proposal)} mono />
      </TextLink>
    ),
  },
  {
    key: "state",
    title: "State",
    cell: ({ state }) => <Badge status={PROPOSAL_STATE[state]} isPlain />,
  },
  {
    key: "note",
    title: "Note",
    isWide: true,
    cell: ({ note }) =>
      note === "" ? (
        <span className="text-soft max-sm:hidden">-</span>
      ) : (
        <Foreign text={plainText(note, 120)} cut />
      ),
  },
  { key: "by", title: "By", cell: ({ createdBy }) => <Foreign text={createdBy} cut /> },
  { key: "at", title: "Proposed", cell: ({ createdAt }) => <When at={createdAt} /> },
];

/** Metadata that waits for signatures, and what became of earlier ones. */
export function TrustProposals() {
  const paging = usePaging();
  const { cursor } = paging;
  const answer = useOperation(
    "listTrustProposals",
    { query: { limit: SHOWN, ...(cursor === undefined ? {} : { cursor }) } },
    { keepsOld: true },
  );
  return (
    <Panel title="Proposals">
      <Answered answer={answer} what="proposals" rows={2}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <p className="max-w-prose text-soft">
              None. Whoever wants to change something proposes it with the command line tool; others
              look it through and sign.
            </p>
          ) : (
            <>
              <Table
                caption="Proposals, newest first"
                columns={COLUMNS}
                rows={items}
                keyOf={({ id }) => id}
              />
              {(paging.hasPrevious || nextCursor !== null) && (
                <Pager
                  summary={`${items.length} on this page`}
                  paging={paging}
                  nextCursor={nextCursor}
                />
              )}
            </>
          )
        }
      </Answered>
    </Panel>
  );
}
