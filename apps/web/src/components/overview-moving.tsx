import type { Deployment } from "@moult/model";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { ShareBar } from "../ui/share-bar.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { outcomeShares, reachOf } from "./outcome-counts.ts";

/** What runs now, and how it is going. */
export function OverviewMoving({ deployments }: { readonly deployments: readonly Deployment[] }) {
  return (
    <Panel
      title={deployments.length === 0 ? "Moving" : `Moving (${deployments.length})`}
      aside={
        <TextLink to="/deployments" search={{ state: "running" }}>
          All that run
        </TextLink>
      }
    >
      {deployments.length === 0 ? (
        <p className="text-soft">
          No deployment runs. <TextLink to="/deployments/new">New deployment</TextLink>
        </p>
      ) : (
        <ul className="flex flex-col">
          {deployments.map(({ id, name, headline, tally }) => (
            <li
              key={id}
              className="grid items-center gap-x-4 gap-y-1 border-t border-line py-2 first:border-t-0 first:pt-0 last:pb-0 sm:grid-cols-[minmax(0,1fr)_minmax(8rem,14rem)]"
            >
              <div className="flex min-w-0 flex-col">
                <TextLink to="/deployments/$deploymentId" params={{ deploymentId: id }} isQuiet>
                  <span className="font-medium">
                    <Foreign text={name} />
                  </span>
                </TextLink>
                <span className="text-sm text-soft">
                  <Foreign text={headline} />
                </span>
              </div>
              <ShareBar shares={outcomeShares(tally)} total={reachOf(tally)} name="Devices" />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
