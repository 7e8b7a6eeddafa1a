import type { Invitation } from "@moult/api";
import { useState } from "react";
import { InviteDialog } from "../forms/invite-dialog.tsx";
import { ROLE_WORDS } from "../forms/role-words.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";

/** Who was offered a place and has not taken it. */
export function Invitations() {
  const answer = useOperation("listInvitations");
  const [isInviting, setInviting] = useState(false);
  return (
    <section aria-label="Invitations">
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-lg">Invitations</h2>
        <Button kind="primary" aria-haspopup="dialog" onClick={() => setInviting(true)}>
          Invite somebody
        </Button>
      </div>
      <Answered answer={answer} what="invitations">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nobody is invited">
              <p>An invitation is a link that you pass on; no e-mail is sent.</p>
            </Empty>
          ) : (
            <Table caption="Invitations" columns={COLUMNS} rows={items} keyOf={({ id }) => id} />
          )
        }
      </Answered>
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
    </section>
  );
}

const COLUMNS: readonly Column<Invitation>[] = [
  {
    key: "email",
    title: "E-mail address",
    isLead: true,
    cell: ({ email }) => <Foreign text={email} />,
  },
  {
    key: "role",
    title: "Role",
    cell: ({ role }) => <span title={ROLE_WORDS[role]}>{role}</span>,
  },
  {
    key: "by",
    title: "Invited by",
    hidden: "phone",
    cell: ({ invitedBy }) => <Foreign text={invitedBy} />,
  },
  {
    key: "ends",
    title: "Ends",
    cell: ({ expiresAt }) => (
      <>
        <span className="sm:hidden">ends </span>
        <When at={expiresAt} />
      </>
    ),
  },
  {
    key: "revoke",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (invitation) => <RevokeInvitation invitation={invitation} />,
  },
];

/** At once: whoever is revoked by mistake is invited again. */
function RevokeInvitation({ invitation: { id, email } }: { readonly invitation: Invitation }) {
  const address = plainText(email);
  const revoke = useAction("revokeInvitation", {
    refreshes: ["listInvitations"],
    onDone: () => toast(`The invitation of ${address} was revoked`),
  });
  return (
    <Button
      kind="quiet"
      aria-label={`Revoke the invitation of ${address}`}
      isBusy={revoke.isPending}
      onClick={() => revoke.mutate({ params: { invitationId: id } })}
    >
      Revoke
    </Button>
  );
}
