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

/** Published or taken back by whoever may propose; signing is not among what can be done here. */
export function ProposalActions({
  proposal,
  isComplete,
}: {
  readonly proposal: TrustProposal;
  /** Whether it seems to have all its signatures; undefined while that is not known. */
  readonly isComplete: boolean | undefined;
}) {
  const refusal = useProposalRefusal(proposal);
  return (
    <>
      <Publish
        proposal={proposal}
        disabledReason={
          refusal ??
          (isComplete === undefined
            ? "its signatures are not counted yet"
            : isComplete
              ? undefined
              : "it has too few signatures")
        }
      />
      <Withdraw proposal={proposal} disabledReason={refusal} />
    </>
  );
}

interface ActionProps {
  readonly proposal: TrustProposal;
  readonly disabledReason: string | undefined;
}

const rolesOf = ({ files }: TrustProposal): string => files.map(({ role }) => role).join(", ");

const REFRESHED = [
  "showTrustProposal",
  "listTrustProposals",
  "showTrust",
  "showOverview",
  "listReleases",
  "showRelease",
] as const;

/** No signing: the keys have signed, and the server lets in what a device would take. */
function Publish({ proposal, disabledReason }: ActionProps) {
  const [isAsking, setAsking] = useState(false);
  const publish = useAction("publishTrustProposal", {
    refreshes: REFRESHED,
    onDone: () => {
      toast("The proposal was published");
      setAsking(false);
    },
  });
  return (
    <>
      <Button
        kind="primary"
        aria-haspopup="dialog"
        disabledReason={disabledReason}
        onClick={() => setAsking(true)}
      >
        Publish…
      </Button>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Publish the proposal for ${rolesOf(proposal)}?`}
        action="Publish the proposal"
        kind="primary"
        isBusy={publish.isPending}
        problem={publish.error}
        onConfirm={() => publish.mutate({ params: { trustProposalId: proposal.id } })}
      >
        <p>
          The server verifies the signatures as a device does. Devices go by it from then on. It
          cannot be taken back, only replaced by a newer version.
        </p>
      </Confirm>
    </>
  );
}

function Withdraw({ proposal, disabledReason }: ActionProps) {
  const [isAsking, setAsking] = useState(false);
  const withdraw = useAction("withdrawTrustProposal", {
    refreshes: REFRESHED,
    onDone: () => {
      toast("The proposal was withdrawn");
      setAsking(false);
    },
  });
  return (
    <>
      <Button
        aria-haspopup="dialog"
        disabledReason={disabledReason}
        onClick={() => setAsking(true)}
      >
        Withdraw…
      </Button>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Withdraw the proposal for ${rolesOf(proposal)}?`}
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
