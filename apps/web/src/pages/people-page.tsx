import { Invitations } from "../components/invitations.tsx";
import { People } from "../components/people.tsx";
import { useMay } from "../server/me.ts";
import { Empty } from "../ui/panel.tsx";

/** Who works on the fleet, who is invited, and what each may. */
export function PeoplePage() {
  if (!useMay("people:write"))
    return (
      <Empty title="Administrators see and change who works here">
        <p>Ask one of them to invite somebody, or for another role.</p>
      </Empty>
    );
  return (
    <div className="flex flex-col gap-6">
      <People />
      <Invitations />
    </div>
  );
}
