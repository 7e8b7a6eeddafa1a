import type { FleetEvent } from "@moult/model";
import { clockTime, exactTime } from "../format/time.ts";
import { classNames } from "../ui/class-names.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Shape } from "../ui/shape.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { TONE_TEXT } from "../ui/tone.ts";
import { eventLook } from "./event-status.ts";
import { timelineDays, type TimelineEntry } from "./timeline-days.ts";

/** What happened, newest first, by day. Each entry has an address of its own. */
export function Timeline({ events }: { readonly events: readonly FleetEvent[] }) {
  return (
    <div className="flex flex-col gap-5">
      {timelineDays(events).map(({ day, entries }) => (
        <section key={day}>
          <h2 className="mb-1 border-b border-line pb-1 text-sm text-soft">{day}</h2>
          <ol className="flex flex-col">
            {entries.map((entry) => (
              <Entry key={entry.newest.sequence} entry={entry} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Entry({ entry: { newest, oldest, count } }: { readonly entry: TimelineEntry }) {
  const { sequence, at, sentence, body, deploymentId, deploymentName } = newest;
  const { shape, tone } = eventLook(body);
  const anchor = `event-${sequence}`;
  return (
    <li
      id={anchor}
      className="flex flex-wrap items-start gap-x-3 gap-y-0.5 rounded px-1 py-1.5 target:bg-move-tint hover:bg-raised"
    >
      <a
        href={`#${anchor}`}
        className="tabular w-24 shrink-0 text-soft no-underline hover:underline"
      >
        <time dateTime={at} title={exactTime(Date.parse(at))}>
          {clockTime(Date.parse(at))}
        </time>
      </a>
      <span className={classNames("mt-0.5", TONE_TEXT[tone])}>
        <Shape name={shape} />
      </span>
      <span className="min-w-0 flex-1 basis-48">
        <Foreign text={sentence} />
        {count > 1 && (
          <span className="text-soft">
            {" "}
            {count} reports since {clockTime(Date.parse(oldest.at))}.
          </span>
        )}
      </span>
      {deploymentId !== null && (
        <span className="max-w-full text-soft max-sm:hidden">
          <TextLink to="/deployments/$deploymentId" params={{ deploymentId }} isQuiet>
            <Foreign text={deploymentName ?? "its deployment"} cut />
          </TextLink>
        </span>
      )}
    </li>
  );
}
