import type { FleetEvent } from "@moult/model";
import { Foreign } from "../ui/foreign.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { When } from "../ui/when.tsx";

/** What happened, newest first, each as its sentence. */
export function EventList({
  events,
  name,
}: {
  readonly events: readonly FleetEvent[];
  readonly name: string;
}) {
  return (
    <ol aria-label={name} className="flex flex-col">
      {events.map((event) => (
        <li
          key={event.sequence}
          className="flex flex-wrap gap-x-3 border-t border-line py-1.5 first:border-t-0"
        >
          <span className="w-24 shrink-0 text-sm text-soft">
            <When at={event.at} />
          </span>
          <span className="min-w-0 flex-1 basis-60">
            <EventSentence event={event} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function EventSentence({ event }: { readonly event: FleetEvent }) {
  const { sentence, deviceId, deploymentId } = event;
  const text = <Foreign text={sentence} />;
  if (deviceId !== null)
    return (
      <TextLink to="/devices/$deviceId" params={{ deviceId }} isQuiet>
        {text}
      </TextLink>
    );
  if (deploymentId !== null)
    return (
      <TextLink to="/deployments/$deploymentId" params={{ deploymentId }} isQuiet>
        {text}
      </TextLink>
    );
  return text;
}
