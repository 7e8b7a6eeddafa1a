import type { Reply } from "@moult/client";
import type { Outcome, Tally } from "@moult/model";
import { count, counted } from "../format/number.ts";
import { Panel } from "../ui/panel.tsx";
import { ShareBar } from "../ui/share-bar.tsx";
import { OUTCOME } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";

type ShownRelease = Reply<"showRelease">;

const ORDER: readonly (readonly [Outcome, keyof Tally])[] = [
  ["succeeded", "succeeded"],
  ["already-running", "alreadyRunning"],
  ["aborted", "aborted"],
  ["silent", "silent"],
  ["rolled-back", "rolledBack"],
  ["failed", "failed"],
  ["rejected", "rejected"],
  ["timed-out", "timedOut"],
];

/** Where it runs, whom it fits, and how it went so far. */
export function ReleaseOutcomes({ release }: { readonly release: ShownRelease }) {
  const { product, version, runningCount, fitsCount } = release;
  const outcomes = release.outcomes as Partial<Record<keyof Tally, number>>;
  const shares = ORDER.map(([outcome, key]) => ({
    word: OUTCOME[outcome].word,
    count: outcomes[key] ?? 0,
    tone: OUTCOME[outcome].tone,
  }));
  const total = shares.reduce((sum, share) => sum + share.count, 0);
  return (
    <Panel title="Where it runs">
      <div className="flex flex-col gap-3">
        <p>
          Runs on{" "}
          <TextLink to="/devices" search={{ product, running: version, state: "accepted" }}>
            {counted(runningCount, "device")}
          </TextLink>
          . Fits {counted(fitsCount, "accepted device")} by hardware.
        </p>
        {total > 0 && (
          <>
            <ShareBar shares={shares} total={total} name="Updates to it that ended" />
            <ul className="flex flex-wrap gap-x-4">
              {shares
                .filter((share) => share.count > 0)
                .map((share) => (
                  <li key={share.word}>
                    <span className="tabular">{count(share.count)}</span>{" "}
                    <span className="text-soft">{share.word}</span>
                  </li>
                ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}
