import { useLocation } from "@tanstack/react-router";
import { AcceptInvitationForm } from "../forms/accept-invitation-form.tsx";
import { ROLE_WORDS } from "../forms/role-words.ts";
import { BarePage } from "../frame/bare-page.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Answered } from "../ui/panel.tsx";
import { When } from "../ui/when.tsx";

/** Where an invitation's link leads. The code stands after the `#`, which the browser sends to nobody. */
export function AcceptInvitationPage() {
  const code = useLocation().hash;
  return (
    <BarePage title="Your invitation">
      {code === "" ? (
        <p className="text-soft">
          The link is not complete: it ends with a # and the code of your invitation.
        </p>
      ) : (
        <Offer code={code} />
      )}
    </BarePage>
  );
}

function Offer({ code }: { readonly code: string }) {
  const answer = useOperation("showInvitation", { body: { code } });
  return (
    <Answered answer={answer} what="the invitation">
      {({ tenantName, email, role, invitedBy, expiresAt }) => (
        <>
          <p className="mb-4 text-soft">
            <Foreign text={invitedBy} /> invites you to <Foreign text={tenantName} /> as {role}:
            whoever has this role {ROLE_WORDS[role]}. The invitation ends <When at={expiresAt} />.
          </p>
          <AcceptInvitationForm
            code={code}
            email={email}
            // From the start: nothing of whoever was signed in here before stays, nor the code in the address.
            onDone={() => window.location.replace("/")}
          />
        </>
      )}
    </Answered>
  );
}
