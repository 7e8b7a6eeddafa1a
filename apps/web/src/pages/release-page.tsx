import type { Reply } from "@moult/client";
import { useParams } from "@tanstack/react-router";
import { DeleteRelease } from "../components/delete-release.tsx";
import { DeploymentTable } from "../components/deployment-table.tsx";
import { ReleaseContents } from "../components/release-contents.tsx";
import { ReleaseNotes } from "../components/release-notes.tsx";
import { ReleaseOutcomes } from "../components/release-outcomes.tsx";
import { ReleaseRules } from "../components/release-rules.tsx";
import { ReleaseSafeguards } from "../components/release-safeguards.tsx";
import { ReleaseSigning } from "../components/release-signing.tsx";
import { useOperation } from "../server/operation-query.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Badge } from "../ui/badge.tsx";
import { Button, ButtonLink } from "../ui/button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Loading, Panel } from "../ui/panel.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { ARTIFACT_TRUST, releaseTrust } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";

/** More than these are in the list of deployments. */
const DEPLOYMENTS_MAX = 20;

const above = <TextLink to="/releases">Releases</TextLink>;

/** What is in it, whom it fits, where it runs and how it went. */
export function ReleasePage() {
  const { releaseId } = useParams({ from: "/frame/releases/$releaseId" });
  const { data, error, refetch } = useOperation("showRelease", { params: { releaseId } });
  if (data === undefined)
    return (
      <>
        <PageHeader title="Release" above={above} />
        {error === null ? (
          <Loading what="release" rows={6} />
        ) : (
          <ProblemPanel error={error} onRetry={() => void refetch()} />
        )}
      </>
    );
  return <ShownRelease release={data} />;
}

function ShownRelease({ release }: { readonly release: Reply<"showRelease"> }) {
  const { id, product, version, channel, createdAt, artifacts } = release;
  const name = `${product} ${version}`;
  const signed = releaseTrust(release);
  return (
    <>
      <PageHeader
        title={name}
        shownTitle={<Foreign text={name} />}
        above={above}
        badge={signed === undefined ? undefined : <Badge status={ARTIFACT_TRUST[signed]} />}
        sentence={
          <>
            In channel <Foreign text={channel} />, uploaded <When at={createdAt} />.
          </>
        }
        actions={<Actions release={release} />}
      />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-5">
          <ReleaseContents artifacts={artifacts} />
        </div>
        <div className="flex min-w-0 flex-col gap-5">
          <ReleaseSigning release={release} />
          <ReleaseOutcomes release={release} />
          <ReleaseSafeguards key={`safeguards ${id}`} releaseId={id} />
          <ReleaseRules key={`rules ${id}`} release={release} />
          <ReleaseNotes key={id} release={release} />
        </div>
      </div>
      <div className="mt-5">
        <Deployments releaseId={id} />
      </div>
    </>
  );
}

const useDeployments = (releaseId: string) =>
  useOperation("listDeployments", { query: { releaseId, limit: DEPLOYMENTS_MAX } });

function Actions({ release }: { readonly release: Reply<"showRelease"> }) {
  const refusal = useRefusal("deployments:write");
  const { data } = useDeployments(release.id);
  const open = data?.items.find(({ state }) => state !== "finished" && state !== "aborted");
  const reason = refusal ?? (release.artifacts.length === 0 ? "it has no artifact" : undefined);
  return (
    <>
      {reason === undefined ? (
        <ButtonLink kind="primary" to="/deployments/new" search={{ releaseId: release.id }}>
          Deploy…
        </ButtonLink>
      ) : (
        <Button kind="primary" disabledReason={reason}>
          Deploy…
        </Button>
      )}
      <DeleteRelease release={release} deviceCount={release.runningCount} openDeployment={open} />
    </>
  );
}

function Deployments({ releaseId }: { readonly releaseId: string }) {
  const answer = useDeployments(releaseId);
  return (
    <Panel
      title="Deployments of it"
      aside={
        answer.data?.nextCursor != null && (
          <TextLink to="/deployments" search={{ releaseId: releaseId as never }}>
            Show all
          </TextLink>
        )
      }
    >
      <Answered answer={answer} what="deployments" rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">It was never deployed.</p>
          ) : (
            <DeploymentTable caption="Deployments of this release" deployments={items} />
          )
        }
      </Answered>
    </Panel>
  );
}
