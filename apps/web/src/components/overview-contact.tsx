import type { Reply } from "@moult/client";
import type { DeviceContact } from "@moult/model";
import { count } from "../format/number.ts";
import { Badge } from "../ui/badge.tsx";
import { Panel } from "../ui/panel.tsx";
import { DEVICE_CONTACT } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";

const ORDER: readonly DeviceContact[] = ["on-time", "late", "silent", "never-seen"];

/** Whether the fleet can be reached: each number leads to its devices. */
export function OverviewContact({
  byContact,
}: {
  readonly byContact: Reply<"showOverview">["byContact"];
}) {
  return (
    <Panel title="Heard from" aside={<TextLink to="/devices">All devices</TextLink>}>
      <ul className="flex flex-col gap-1.5">
        {ORDER.map((contact) => (
          <li key={contact} className="flex items-center justify-between gap-3">
            <Badge status={DEVICE_CONTACT[contact]} isPlain />
            <TextLink to="/devices" search={{ state: "accepted", contact }}>
              <span className="tabular">{count(byContact[contact])}</span>
              <span className="sr-only"> {DEVICE_CONTACT[contact].word}</span>
            </TextLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
