import type { Reply } from "@moult/client";
import { count } from "../format/number.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { OUTCOME } from "../ui/status.ts";
import { Badge } from "../ui/badge.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { DeviceSamples } from "./device-samples.tsx";

type Progress = Reply<"showDeploymentProgress">;

/** Failures that say the same, the most frequent first. */
export function FailingAlike({
  deploymentId,
  failures,
}: {
  readonly deploymentId: string;
  readonly failures: Progress["failures"];
}) {
  return (
    <Panel title="Failing alike">
      {failures.length === 0 ? (
        <p className="text-soft">No device failed.</p>
      ) : (
        <ul className="flex flex-col gap-3">
          {failures.map(({ outcome, code, count: failed, detail, samples }) => (
            <li key={`${outcome} ${code ?? ""}`} className="flex flex-col">
              <span className="flex flex-wrap items-center gap-x-2">
                <TextLink
                  to="/deployments/$deploymentId/devices"
                  params={{ deploymentId }}
                  search={{ outcome, ...(code === null ? {} : { code }) }}
                >
                  <span className="tabular">{count(failed)}</span>{" "}
                  <Foreign text={code ?? OUTCOME[outcome].word} />
                </TextLink>
                <Badge status={OUTCOME[outcome]} isPlain />
              </span>
              {detail !== null && detail !== "" && (
                <span className="text-sm">
                  <Foreign text={detail} />
                </span>
              )}
              <DeviceSamples samples={samples} count={failed} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** People with keys end these or have asked for them, and the release says how. */
const TRUST_REASONS: readonly Progress["waiting"][number]["kind"][] = [
  "release-not-signed",
  "trust-expired",
  "too-early",
  "agent-too-old",
  "security-counter-too-low",
  "conflict",
];

export function WaitingBecause({
  deploymentId,
  releaseId,
  waiting,
}: {
  readonly deploymentId: string;
  readonly releaseId: string;
  readonly waiting: Progress["waiting"];
}) {
  return (
    <Panel title="Waiting because">
      {waiting.length === 0 ? (
        <p className="text-soft">No device waits.</p>
      ) : (
        <ul className="flex flex-col gap-1.5">
          {waiting.map(({ kind, sentence }) => (
            <li key={`${kind} ${sentence}`}>
              <Foreign text={sentence} />
              {TRUST_REASONS.includes(kind) && (
                <>
                  {" "}
                  <TextLink to="/releases/$releaseId" params={{ releaseId }}>
                    See the release
                  </TextLink>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {waiting.length > 0 && (
        <p className="mt-3">
          <TextLink
            to="/deployments/$deploymentId/devices"
            params={{ deploymentId }}
            search={{ show: "waiting" }}
          >
            Show the waiting devices
          </TextLink>
        </p>
      )}
    </Panel>
  );
}
