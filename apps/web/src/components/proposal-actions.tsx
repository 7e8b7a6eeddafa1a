import type { TrustProposal } from "@moult/model";
import { channelOfRole } from "@moult/model";
import { useState } from "react";
import { useMe } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { toast } from "../ui/toasts.tsx";

/** Roles above the channels are the administrators'. */
function useProposalRefusal({ files }: Pick<TrustProposal, "files">): string | undefined {
  const refusal = useRefusal("trust:propose");
  const { permissions, role } = useMe();
  const isAbove = files.some((file) => channelOfRole(file.role) === undefined);
  if (refusal !== undefined) return refusal;
  return isAbove && !permissions.includes("trust:write")
    ? `your role, ${role}, does not allow it`
    : undefined;
}

/** Taken back by whoever may propose; signing is not among what can be done here. */
export function ProposalActions({ proposal }: { readonly proposal: TrustProposal }) {
  const [isAsking, setAsking] = useState(false);
  const refusal = useProposalRefusal(proposal);
  const withdraw = useAction("withdrawTrustProposal", {
    refreshes: ["showTrustProposal", "listTrustProposals", "showTrust", "showOverview"],
    onDone: () => {
      toast("The proposal was withdrawn");
      setAsking(false);
    },
  });
  const roles = proposal.files.map(({ role }) => role).join(", ");
  return (
    <>
      <Button aria-haspopup="dialog" disabledReason={refusal} onClick={() => setAsking(true)}>
        Withdraw…
      </Button>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Withdraw the proposal for ${roles}?`}
        action="Withdraw the proposal"
        isBusy={withdraw.isPending}
        problem={withdraw.error}
        onConfirm={() => withdraw.mutate({ params: { trustProposalId: proposal.id } })}
      >
        <p>
          Nothing of it is published, and nobody can sign it any more. What is published stays as it
          is. To bring it back, it is proposed and signed again.
        </p>
      </Confirm>
    </>
  );
}
