import type { Assignment, Deployment, DeviceId, ProductName, ReleaseVersion } from "@moult/model";
import { useState } from "react";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import type { NewDeploymentSearch } from "../server/page-search.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button, ButtonLink } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered } from "../ui/panel.tsx";

/** More are no longer named one by one in an address. */
const NAMED_MAX = 200;

/** Whether there is anything to take back, and nothing does so yet. */
const mayRollBack = ({ tally, rollback }: Deployment): boolean =>
  tally.succeeded > 0 && rollback.of === null && rollback.by.length === 0;

/** Leads to a new deployment of what devices ran before this one: with its own preview, and nothing is done before that. */
export function RollBack({ deployment }: { readonly deployment: Deployment }) {
  const [isOpen, setOpen] = useState(false);
  const refusal = useRefusal("deployments:write");
  if (!mayRollBack(deployment)) return null;
  return (
    <>
      <Button disabledReason={refusal} onClick={() => setOpen(true)}>
        Roll back…
      </Button>
      {isOpen && (
        <Dialog
          isOpen
          onClose={() => setOpen(false)}
          title={`Roll back from ${deployment.version}?`}
        >
          <Choices deployment={deployment} />
          <div className="flex justify-end">
            <Button onClick={() => setOpen(false)}>Cancel</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** Devices that ran the same before. */
interface RanBefore {
  readonly version: string | null;
  readonly deviceIds: readonly DeviceId[];
}

function Choices({ deployment }: { readonly deployment: Deployment }) {
  const { id: deploymentId, product, state } = deployment;
  const answer = useOperation("listAssignments", {
    params: { deploymentId },
    query: { outcome: "succeeded", limit: NAMED_MAX },
  });
  return (
    <Answered answer={answer} what="devices" rows={3}>
      {({ items, nextCursor }) => (
        <div className="flex flex-col gap-3">
          <p className="text-soft">
            A new deployment takes devices back; you see whom and how before it is created.
            {(state === "running" || state === "paused") &&
              " The newest deployment decides: this one offers them nothing more."}
          </p>
          {nextCursor !== null && (
            <p className="text-soft">
              More than {NAMED_MAX} devices were updated: all that run {deployment.version} are
              meant, and of the {NAMED_MAX} updated last this is what they ran.
            </p>
          )}
          <ul className="flex flex-col gap-2">
            {ranBefore(items).map((group) => (
              <Choice
                key={group.version ?? ""}
                group={group}
                product={product}
                target={
                  nextCursor === null
                    ? { target: "devices", deviceIds: group.deviceIds.join(",") }
                    : // Whoever is back no longer fits, and is done all the same.
                      {
                        target: "query",
                        query: `running = ${quoted(deployment.version)}`,
                        frozen: "yes",
                      }
                }
              />
            ))}
          </ul>
        </div>
      )}
    </Answered>
  );
}

/** What most of them ran is first. */
function ranBefore(assignments: readonly Assignment[]): readonly RanBefore[] {
  const groups = Map.groupBy(assignments, (assignment) => assignment.ranBefore);
  return [...groups]
    .map(([version, group]) => ({ version, deviceIds: group.map(({ deviceId }) => deviceId) }))
    .toSorted((left, right) => right.deviceIds.length - left.deviceIds.length);
}

/** In the language of queries. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\*]/g, String.raw`\$&`)}"`;

function Choice({
  group: { version, deviceIds },
  product,
  target,
}: {
  readonly group: RanBefore;
  readonly product: ProductName;
  readonly target: Pick<NewDeploymentSearch, "target" | "deviceIds" | "query" | "frozen">;
}) {
  const { data } = useOperation(
    "listReleases",
    { query: { product, version: (version ?? "") as ReleaseVersion, limit: 1 } },
    { enabled: version !== null },
  );
  const devices = counted(deviceIds.length, "device");
  if (version === null) return <li>{devices}: what they ran before is not known.</li>;
  const [release] = data?.items ?? [];
  return (
    <li className="flex flex-wrap items-center justify-between gap-2">
      <span>
        {devices} ran <Foreign text={version} mono />
        {data !== undefined && release === undefined && ", which is not here"}
      </span>
      {release !== undefined && (
        <ButtonLink
          to="/deployments/new"
          search={{ releaseId: release.id, plan: "fast", ...target }}
        >
          <span>
            Back to <Foreign text={version} />…
          </span>
        </ButtonLink>
      )}
    </li>
  );
}
