import type { ChainVerification } from "@moult/model";
import { useMutation } from "@tanstack/react-query";
import { counted } from "../format/number.ts";
import { call } from "../server/operation-query.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Digest } from "../ui/digest.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import type { Status } from "../ui/status.ts";

const HOLDS: Status = {
  word: "chain verified",
  shape: "shield-check",
  tone: "good",
  sentence: "Every event follows from the one before it, with what decided it.",
};
const BROKEN: Status = {
  word: "chain broken",
  shape: "octagon-cross",
  tone: "bad",
  sentence: "The history is not what was written.",
};

/** Whether a deployment's history is as it was written: looked at when somebody asks, because it reads all of it. */
export function DeploymentChain({ deploymentId }: { readonly deploymentId: string }) {
  const check = useMutation({ mutationFn: () => verifiedChain(deploymentId) });
  const { data, error, isPending } = check;
  return (
    <div className="flex min-w-0 flex-col items-start gap-2">
      <Button isBusy={isPending} onClick={() => check.mutate()}>
        Check that nothing was changed
      </Button>
      <div role="status">{data !== undefined && !isPending && <Verdict {...data} />}</div>
      {error !== null && !isPending && <ProblemPanel error={error} />}
    </div>
  );
}

function Verdict({ entries, sha256, firstBreak, through }: ChainVerification) {
  if (firstBreak === null)
    return (
      <p className="flex flex-wrap items-center gap-2">
        <Badge status={HOLDS} />
        <span>
          {counted(entries, "entry", "entries")}, to <Digest value={sha256} what="the digest" />
        </span>
      </p>
    );
  return (
    <p className="flex flex-wrap items-center gap-2">
      <Badge status={BROKEN} />
      <span>
        {firstBreak.sentence} It holds through entry {through}.
      </span>
    </p>
  );
}

async function verifiedChain(deploymentId: string): Promise<ChainVerification> {
  for (let after = 0; ;) {
    const piece = await call("verifyDeploymentChain", {
      params: { deploymentId },
      query: { after },
    });
    if (!piece.isMore) return piece;
    after = piece.through;
  }
}
