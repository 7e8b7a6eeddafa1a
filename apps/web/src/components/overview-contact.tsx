import type { DeviceContact } from "@moult/model";
import { count } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { Badge } from "../ui/badge.tsx";
import { Answered, Panel } from "../ui/panel.tsx";
import { DEVICE_CONTACT } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";

const ORDER: readonly DeviceContact[] = ["on-time", "late", "silent", "never-seen"];

/** Whether the fleet can be reached: each number leads to its devices. */
export function OverviewContact() {
  const answer = useOperation("countDevices");
  return (
    <Panel title="Heard from" aside={<TextLink to="/devices">All devices</TextLink>}>
      <Answered answer={answer} what="counts of devices">
        {({ byContact }) => (
          <ul className="flex flex-col gap-1.5">
            {ORDER.map((contact) => (
              <li key={contact} className="flex items-center justify-between gap-3">
                <Badge status={DEVICE_CONTACT[contact]} isPlain />
                <TextLink to="/devices" search={{ state: "accepted", contact }}>
                  <span className="tabular">{count(byContact[contact] ?? 0)}</span>
                  <span className="sr-only"> {DEVICE_CONTACT[contact].word}</span>
                </TextLink>
              </li>
            ))}
          </ul>
        )}
      </Answered>
    </Panel>
  );
}
