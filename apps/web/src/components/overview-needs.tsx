import type { Reply } from "@moult/client";
import type { LinkProps } from "@tanstack/react-router";
import type { DevicesSearch } from "../server/page-search.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { Shape } from "../ui/shape.tsx";
import { DEPLOYMENT_STATE, DEVICE_STATE, type Status } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";
import { PROPOSAL_STATE, TRUST_WARNING } from "../ui/trust-status.ts";
import { TONE_TEXT } from "../ui/tone.ts";
import { When } from "../ui/when.tsx";

type Overview = Reply<"showOverview">;
type Need = Overview["needs"][number];

const CONFLICT: Pick<Status, "shape" | "tone"> = { shape: "warning", tone: "bad" };

const LOOKS: Readonly<Record<Need["kind"], Pick<Status, "shape" | "tone">>> = {
  "deployment-tripped": DEPLOYMENT_STATE.tripped,
  "deployment-paused": DEPLOYMENT_STATE.paused,
  "identity-conflict": CONFLICT,
  "trust-expiring": TRUST_WARNING["expires-7d"],
  "proposals-waiting": PROPOSAL_STATE.open,
  "devices-pending": DEVICE_STATE.pending,
  "keys-pending": DEVICE_STATE.pending,
};

/** What waits for a person, the most urgent first; each leads to where it is decided. */
export function OverviewNeeds({ overview }: { readonly overview: Overview }) {
  const { needs, recent } = overview;
  const last = recent[0];
  return (
    <Panel title={needs.length === 0 ? "Needs you" : `Needs you (${needs.length})`}>
      {needs.length === 0 ? (
        <p className="text-soft">
          Nothing needs you.
          {last !== undefined && (
            <>
              {" "}
              Last change <When at={last.at} />.
            </>
          )}
        </p>
      ) : (
        <ul className="flex flex-col">
          {needs.map((need) => {
            const { shape, tone } = LOOKS[need.kind];
            return (
              <li
                key={`${need.kind} ${need.deploymentId ?? ""}`}
                className="flex items-start gap-2.5 border-t border-line py-2 first:border-t-0 first:pt-0 last:pb-0"
              >
                <span className={`mt-0.5 ${TONE_TEXT[tone]}`}>
                  <Shape name={shape} />
                </span>
                <TextLink {...placeOf(need)} isQuiet>
                  <Foreign text={need.sentence} />
                </TextLink>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

const DEVICES_OF: Partial<Record<Need["kind"], DevicesSearch>> = {
  "devices-pending": { state: "pending" },
  "keys-pending": { undecided: "key" },
  "identity-conflict": { undecided: "identity" },
};

function placeOf({ kind, deploymentId }: Need): LinkProps {
  if (kind === "trust-expiring" || kind === "proposals-waiting") return { to: "/settings/trust" };
  if (deploymentId !== null) return { to: "/deployments/$deploymentId", params: { deploymentId } };
  return { to: "/devices", search: DEVICES_OF[kind] ?? {} };
}
