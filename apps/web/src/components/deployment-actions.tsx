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
import { OpenInstallation } from "./open-installation.tsx";
import { RollBack } from "./roll-back.tsx";

type Act = "pause" | "resume" | "abort" | "advance";

interface ActWords {
  readonly verb: string;
  readonly done: string;
  readonly kind: ButtonKind;
}

const ACTS: Readonly<Record<Act, ActWords>> = {
  pause: { verb: "Pause", done: "Paused", kind: "plain" },
  resume: { verb: "Resume", done: "Resumed", kind: "primary" },
  abort: { verb: "Abort", done: "Aborted", kind: "plain" },
  advance: { verb: "Open the next stage of", done: "Opened the next stage of", kind: "plain" },
};

/** What may be asked for in a state; the server decides, and its rehearsal says so. */
const ACTS_OF: Readonly<Record<DeploymentState, readonly Act[]>> = {
  running: ["advance", "pause", "abort"],
  paused: ["resume", "abort"],
  tripped: ["resume", "abort"],
  finished: [],
  aborted: [],
};

const actsOf = ({ state, stage, plan }: Deployment): readonly Act[] =>
  ACTS_OF[state].filter((act) => act !== "advance" || stage + 1 < plan.stages.length);

function kindOf(act: Act, { state, stage, plan }: Deployment): ButtonKind {
  // What stopped itself is looked at first: nothing is offered as the way to go.
  if (state === "tripped") return "plain";
  const isAwaited = act === "advance" && plan.stages[stage]?.advance.manual === true;
  return isAwaited ? "primary" : ACTS[act].kind;
}

export function DeploymentActions({ deployment }: { readonly deployment: Deployment }) {
  const [asked, setAsked] = useState<Act>();
  const refusal = useRefusal("deployments:write");
  return (
    <>
      {actsOf(deployment).map((act) => (
        <Button
          key={act}
          kind={kindOf(act, deployment)}
          disabledReason={refusal}
          onClick={() => setAsked(act)}
        >
          {act === "advance" ? `Open stage ${deployment.stage + 2}` : ACTS[act].verb}…
        </Button>
      ))}
      <OpenInstallation deployment={deployment} />
      <RollBack deployment={deployment} />
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
  deployment: { id, name, stage: openStage },
  onClose,
}: {
  readonly act: Act;
  readonly deployment: Deployment;
  readonly onClose: () => void;
}) {
  const params = { deploymentId: id };
  // As it was when this was asked: a stage that opens meanwhile is not the one that was meant.
  const [stage] = useState(openStage);
  const rehearsal = useOperation("rehearseDeploymentChange", { params, query: { action: act } });
  const change = useAct(act, stage, () => {
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

function useAct(act: Act, stage: number, onDone: () => void) {
  const options = {
    refreshes: ["showDeployment", "showDeploymentProgress", "listDeployments", "listEvents"],
    onDone,
  } as const;
  const pause = useAction("pauseDeployment", options);
  const resume = useAction("resumeDeployment", options);
  const abort = useAction("abortDeployment", options);
  const advance = useAction("advanceDeployment", options);
  if (act !== "advance") return { pause, resume, abort }[act];
  return {
    ...advance,
    mutate: ({ params }: Parameters<typeof abort.mutate>[0]) =>
      advance.mutate({ params, body: { stage } }),
  };
}
