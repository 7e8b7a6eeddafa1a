import type { Reply } from "@moult/client";
import { useOperation } from "../server/operation-query.ts";
import { Badge } from "../ui/badge.tsx";
import { Facts } from "../ui/facts.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { TRUST_LEVEL } from "../ui/trust-status.ts";

type Device = Reply<"showDevice">;

/** What agents report about their trust, in the inventory. */
const STANDING = "moult.trust";
const ROOT = "moult.trust.root";
const COUNTER = "moult.trust.counter";
const TROUBLE = "moult.trust.trouble";

/** What protects its updates, and what it says itself about what it verified. */
export function DeviceTrustPanel({ device }: { readonly device: Device }) {
  const { trustLevel, traits, inventory } = device;
  const { level, why } = trustLevel;
  const rootVersion = trustLevel.rootVersion ?? inventory[ROOT];
  const counter = traits?.securityCounter ?? inventory[COUNTER];
  const standing = inventory[STANDING];
  const trouble = inventory[TROUBLE];
  return (
    <Panel title="Trust">
      <div className="flex flex-col gap-3">
        <div className="flex flex-col items-start gap-1">
          <Badge status={TRUST_LEVEL[level]} />
          <p className="max-w-prose text-soft">
            <Foreign text={why} />
          </p>
        </div>
        <Facts
          facts={[
            ...(rootVersion === undefined
              ? []
              : [["Root of trust", <Root key="root" version={String(rootVersion)} />] as const]),
            ...(counter === undefined
              ? []
              : [["Security counter", <Counter key="counter" value={String(counter)} />] as const]),
            ...(standing === undefined
              ? []
              : [["Signed metadata", <Standing key="standing" value={standing} />] as const]),
          ]}
        />
        {trouble !== undefined && (
          <p className="rounded-lg bg-warn-tint px-3 py-2 text-warn">
            <Foreign text={trouble} />
          </p>
        )}
      </div>
    </Panel>
  );
}

/** How its newest look at what is signed ended. */
const Standing = ({ value }: { readonly value: string }) =>
  value === "ok" ? (
    "verified and current"
  ) : (
    <span className="text-warn">
      <Foreign text={value} />: it installs nothing new
    </span>
  );

function Root({ version }: { readonly version: string }) {
  const newest = useOperation("showTrust").data?.repository?.rootVersion;
  const isOld = newest !== undefined && version !== String(newest);
  return (
    <span>
      version <Foreign text={version} />
      {isOld && (
        <span className="text-soft">
          , the newest is <TextLink to="/settings/trust">version {newest}</TextLink>: it takes that
          one when it next needs it
        </span>
      )}
    </span>
  );
}

const Counter = ({ value }: { readonly value: string }) => (
  <span>
    <Foreign text={value} />
    <span className="text-soft">, it refuses releases with a lower one</span>
  </span>
);
