import { Attempts } from "../components/attempts.tsx";
import { useOperation } from "../server/operation-query.ts";
import { counted } from "../format/number.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { Table } from "../ui/table.tsx";
import { usePaging } from "../ui/use-paging.ts";
import { When } from "../ui/when.tsx";
import { useDevice, useDeviceId } from "./device-page.tsx";

const PAGE = 20;

export function DeviceDeploymentsPage() {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[2fr_1fr]">
      <Updates />
      <History />
    </div>
  );
}

function Updates() {
  const deviceId = useDeviceId();
  const paging = usePaging();
  const { cursor } = paging;
  const answer = useOperation(
    "listDeviceAssignments",
    {
      params: { deviceId },
      query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
    },
    { keepsOld: true },
  );
  return (
    <Panel title="Updates that it was offered">
      <Answered answer={answer} what="updates">
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty title="None yet" />
          ) : (
            <>
              <Attempts assignments={items} deviceId={deviceId} />
              {(paging.hasPrevious || nextCursor !== null) && (
                <Pager
                  summary={`${counted(items.length, "update")}, newest first`}
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

function History() {
  const { data: device } = useDevice();
  if (device === undefined) return null;
  const { history } = device;
  return (
    <Panel title="What it ran">
      {history.length === 0 ? (
        <p className="text-soft">It has not said yet.</p>
      ) : (
        <Table
          caption="What it ran"
          rows={history}
          keyOf={({ since, artifactName }) => `${since} ${artifactName}`}
          columns={[
            {
              key: "version",
              title: "Version",
              cell: ({ artifactName }) => <Foreign text={artifactName} mono />,
            },
            { key: "since", title: "Since", cell: ({ since }) => <When at={since} /> },
            {
              key: "until",
              title: "Until",
              cell: ({ until }) => <When at={until} never="now" />,
            },
          ]}
        />
      )}
    </Panel>
  );
}
