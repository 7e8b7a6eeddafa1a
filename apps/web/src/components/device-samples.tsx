import type { DeviceId } from "@moult/model";
import { exactCount } from "../format/number.ts";
import { Foreign } from "../ui/foreign.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** A few devices of many, by name, each a link to itself. */
export function DeviceSamples({
  samples,
  count,
}: {
  readonly samples: readonly { readonly id: DeviceId; readonly name: string }[];
  readonly count: number;
}) {
  const more = count - samples.length;
  return (
    <span className="text-sm text-soft">
      {samples.map(({ id, name }, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <TextLink to="/devices/$deviceId" params={{ deviceId: id }} isQuiet>
            <Foreign text={name} />
          </TextLink>
        </span>
      ))}
      {more > 0 && samples.length > 0 && ` and ${exactCount(more)} more`}
    </span>
  );
}
