import { approvalsWords, type Deployment } from "@moult/model";
import { useState } from "react";
import { useMe } from "../server/me.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { announce } from "../ui/announcer.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Panel } from "../ui/panel.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";

type Act = "approve" | "withdraw";

/** Who has to say yes to which stage, who has, and one's own yes; nothing where the plan asks nobody. */
export function DeploymentApprovals({ deployment }: { readonly deployment: Deployment }) {
  const { plan, approvals, pendingApproval } = deployment;
  const asking = plan.stages.flatMap((stage, index) =>
    stage.approvals === undefined ? [] : [{ index, words: approvalsWords(stage.approvals) }],
  );
  if (asking.length === 0) return null;
  return (
    <Panel title="Approvals">
      {pendingApproval !== null && <p className="mb-2 font-medium">{pendingApproval.sentence}</p>}
      <ul className="flex flex-col gap-2">
        {asking.map(({ index, words }) => (
          <li key={index} className="flex flex-wrap items-center justify-between gap-2">
            <span>
              Stage {index + 1}: <Foreign text={words} />
              {approvals
                .filter(({ stage }) => stage === index)
                .map(({ by, email, at }) => (
                  <span key={email} className="block text-sm text-soft">
                    approved by <Foreign text={by} /> <When at={at} />
                  </span>
                ))}
            </span>
            <StageApproval deployment={deployment} stage={index} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Of a stage that is not open yet: one's own yes, or taking it back. */
function StageApproval({
  deployment,
  stage,
}: {
  readonly deployment: Deployment;
  readonly stage: number;
}) {
  const { approvals, pendingApproval } = deployment;
  const [asked, setAsked] = useState<Act>();
  const { email } = useMe();
  const roleRefusal = useRefusal("deployments:write");
  const from = deployment.plan.stages[stage]?.approvals?.from;
  const refusal =
    roleRefusal ??
    (from?.includes(email.toLowerCase()) === false ? "the plan asks others" : undefined);
  const isOpen =
    stage === 0 ? pendingApproval === null || pendingApproval.stage > 0 : stage <= deployment.stage;
  const isOver = deployment.state === "finished" || deployment.state === "aborted";
  if (isOpen || isOver) return null;
  const hasApproved = approvals.some((each) => each.stage === stage && each.email === email);
  const act: Act = hasApproved ? "withdraw" : "approve";
  const isAwaited = pendingApproval?.stage === stage && !hasApproved;
  return (
    <>
      <Button
        kind={isAwaited ? "primary" : "plain"}
        disabledReason={refusal}
        onClick={() => setAsked(act)}
      >
        {act === "approve" ? `Approve stage ${stage + 1}` : "Withdraw my approval"}…
      </Button>
      {asked !== undefined && (
        <ApprovalDialog
          act={asked}
          deploymentId={deployment.id}
          stage={stage}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

function ApprovalDialog({
  act,
  deploymentId,
  stage,
  onClose,
}: {
  readonly act: Act;
  readonly deploymentId: string;
  readonly stage: number;
  readonly onClose: () => void;
}) {
  const options = {
    refreshes: ["showDeployment", "showDeploymentProgress", "listDeployments", "listEvents"],
    onDone: () => {
      const said =
        act === "approve"
          ? `Approved stage ${stage + 1}`
          : `Withdrew approval of stage ${stage + 1}`;
      toast(said);
      announce(said);
      onClose();
    },
  } as const;
  const approve = useAction("approveDeployment", options);
  const withdraw = useAction("withdrawApproval", options);
  const change = act === "approve" ? approve : withdraw;
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={act === "approve" ? `Approve stage ${stage + 1}?` : "Withdraw your approval?"}
      action={act === "approve" ? "Approve" : "Withdraw"}
      kind="primary"
      isBusy={change.isPending}
      problem={change.error}
      onConfirm={() => change.mutate({ params: { deploymentId }, body: { stage } })}
    >
      <p>
        {act === "approve"
          ? `Your name stands beside it. Once enough people have approved, stage ${stage + 1} opens as soon as everything else that it waits for holds; then an approval cannot be taken back.`
          : `Stage ${stage + 1} then lacks it again.`}
      </p>
    </Confirm>
  );
}
