import type { Deployment, DeploymentState } from "@moult/model";
import { useState } from "react";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { announce } from "../ui/announcer.ts";
import { Button, type ButtonKind } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Loading } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { toast } from "../ui/toasts.tsx";

type Act = "pause" | "resume" | "abort";

interface ActWords {
  readonly verb: string;
  readonly done: string;
  readonly kind: ButtonKind;
}

const ACTS: Readonly<Record<Act, ActWords>> = {
  pause: { verb: "Pause", done: "Paused", kind: "plain" },
  resume: { verb: "Resume", done: "Resumed", kind: "primary" },
  abort: { verb: "Abort", done: "Aborted", kind: "plain" },
};

/** What may be asked for in a state; the server decides, and its rehearsal says so. */
const ACTS_OF: Readonly<Record<DeploymentState, readonly Act[]>> = {
  running: ["pause", "abort"],
  paused: ["resume", "abort"],
  tripped: ["resume", "abort"],
  finished: [],
  aborted: [],
};

export function DeploymentActions({ deployment }: { readonly deployment: Deployment }) {
  const [asked, setAsked] = useState<Act>();
  const refusal = useRefusal("deployments:write");
  return (
    <>
      {ACTS_OF[deployment.state].map((act) => (
        <Button
          key={act}
          // What stopped itself is looked at first: nothing is offered as the way to go.
          kind={deployment.state === "tripped" ? "plain" : ACTS[act].kind}
          disabledReason={refusal}
          onClick={() => setAsked(act)}
        >
          {ACTS[act].verb}…
        </Button>
      ))}
      {asked !== undefined && (
        <ActDialog
          key={asked}
          act={asked}
          deployment={deployment}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

/** Asks with the server's rehearsal: what happens to whom and what does not, in numbers that follow while it is open. */
function ActDialog({
  act,
  deployment: { id, name },
  onClose,
}: {
  readonly act: Act;
  readonly deployment: Deployment;
  readonly onClose: () => void;
}) {
  const params = { deploymentId: id };
  const rehearsal = useOperation("rehearseDeploymentChange", { params, query: { action: act } });
  const change = useAct(act, () => {
    const said = `${ACTS[act].done} ${plainText(name)}`;
    toast(said);
    announce(said);
    onClose();
  });
  const { data } = rehearsal;
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`${ACTS[act].verb} ${plainText(name)}?`}
      action={data?.isPossible === true ? data.button : ACTS[act].verb}
      kind={act === "abort" ? "danger" : "primary"}
      isBusy={change.isPending}
      problem={change.error}
      disabledReason={
        data === undefined ? "the server counts" : data.isPossible ? undefined : data.sentence
      }
      onConfirm={() => change.mutate({ params })}
    >
      {data !== undefined && (
        <p>
          <Foreign text={data.sentence} />
        </p>
      )}
      {data === undefined && rehearsal.error === null && <Loading what="what happens" rows={2} />}
      {rehearsal.error !== null && (
        <ProblemPanel error={rehearsal.error} onRetry={() => void rehearsal.refetch()} />
      )}
    </Confirm>
  );
}

function useAct(act: Act, onDone: () => void) {
  const options = {
    refreshes: ["showDeployment", "showDeploymentProgress", "listDeployments", "listEvents"],
    onDone,
  } as const;
  const pause = useAction("pauseDeployment", options);
  const resume = useAction("resumeDeployment", options);
  const abort = useAction("abortDeployment", options);
  return { pause, resume, abort }[act];
}
