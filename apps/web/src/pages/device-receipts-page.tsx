import type { DeviceReceipt } from "@moult/model";
import { DeploymentLink } from "../components/deployment-link.tsx";
import { evidenceCommand } from "../components/cli-commands.ts";
import { receiptContent } from "../components/receipt-content.ts";
import { useOperation } from "../server/operation-query.ts";
import { counted } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { OUTCOME } from "../ui/status.ts";
import { Table, type Column } from "../ui/table.tsx";
import { RECEIPT_HOLDS, RECEIPT_PROVES_NOTHING } from "../ui/trust-status.ts";
import { usePaging } from "../ui/use-paging.ts";
import { When } from "../ui/when.tsx";
import { useDeviceId } from "./device-page.tsx";

const PAGE = 20;

/** What the device signed about each try of an update. */
export function DeviceReceiptsPage() {
  const deviceId = useDeviceId();
  const paging = usePaging();
  const { cursor } = paging;
  const answer = useOperation(
    "listDeviceReceipts",
    { params: { deviceId }, query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) } },
    { keepsOld: true },
  );
  return (
    <Panel title="Receipts">
      <Answered answer={answer} what="receipts">
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty title="It has sent no receipt">
              <p>Moult’s agent signs one with the device’s key at the end of each try.</p>
            </Empty>
          ) : (
            <div className="flex flex-col gap-4">
              <Table
                caption="Receipts, newest first"
                columns={COLUMNS}
                rows={items}
                keyOf={({ id }) => id}
              />
              {(paging.hasPrevious || nextCursor !== null) && (
                <Pager
                  summary={`${counted(items.length, "receipt")}, newest first`}
                  paging={paging}
                  nextCursor={nextCursor}
                />
              )}
              <div className="flex flex-col gap-2">
                <p className="max-w-prose text-soft">
                  The server checked them when they came. The command line tool checks them without
                  taking the server’s word, and keeps them with all that proves them:
                </p>
                <CommandLine
                  command={evidenceCommand(deviceId)}
                  what="command that checks and exports the receipts"
                />
              </div>
            </div>
          )
        }
      </Answered>
    </Panel>
  );
}

const isOutcome = (outcome: string): outcome is keyof typeof OUTCOME =>
  Object.hasOwn(OUTCOME, outcome);

const COLUMNS: readonly Column<DeviceReceipt>[] = [
  {
    key: "deployment",
    title: "Deployment",
    isWide: true,
    cell: ({ deploymentId, attempt }) => (
      <>
        <DeploymentLink deploymentId={deploymentId} />
        {attempt > 1 && <span className="text-soft"> try {attempt}</span>}
      </>
    ),
  },
  {
    key: "outcome",
    title: "Outcome",
    cell: ({ outcome }) =>
      isOutcome(outcome) ? <Badge status={OUTCOME[outcome]} isPlain /> : <Foreign text={outcome} />,
  },
  {
    key: "proof",
    title: "Proof",
    cell: ({ problem }) => (
      <span className="flex flex-col">
        <Badge status={problem === null ? RECEIPT_HOLDS : RECEIPT_PROVES_NOTHING} isPlain />
        {problem !== null && (
          <span className="text-sm text-soft">
            <Foreign text={problem} />
          </span>
        )}
      </span>
    ),
  },
  {
    key: "signed",
    title: "What it signed",
    isWide: true,
    cell: ({ envelope }) => <Content envelope={envelope} />,
  },
  { key: "received", title: "Received", cell: ({ receivedAt }) => <When at={receivedAt} /> },
];

function Content({ envelope }: { readonly envelope: string }) {
  const content = receiptContent(envelope);
  if (content === undefined) return <span className="text-soft">It cannot be read.</span>;
  const { artifactName, role, roleVersion, rootVersion, securityCounter, running } = content;
  return (
    <span className="text-sm text-soft">
      <Foreign text={artifactName} mono />
      {role !== null && (
        <>
          {" "}
          of <Foreign text={role} mono /> version {roleVersion}
        </>
      )}
      ; then it ran <Foreign text={running.artifactName} mono />, root version {rootVersion},
      security counter {securityCounter}
    </span>
  );
}
