import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Deployment, DeploymentState } from "@moult/model";
import { DeploymentTable } from "../components/deployment-table.tsx";
import { ProductField } from "../components/product-field.tsx";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { present } from "../server/search-params.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button, ButtonLink } from "../ui/button.tsx";
import { SelectField } from "../ui/field.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Pager } from "../ui/pager.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { DEPLOYMENT_STATE } from "../ui/status.ts";
import { TextLink } from "../ui/text-link.tsx";
import { usePaging } from "../ui/use-paging.ts";

const PAGE = 50;
/** Open deployments are few: each holds devices. */
const OPEN_MAX = 200;
/** The first ones wait for a person. */
const OPEN_STATES: readonly DeploymentState[] = ["tripped", "paused", "running"];
/** Nobody waits for anything of these. */
const ENDED = (["finished", "aborted"] satisfies DeploymentState[]).join(",");
const byUrgency = (one: Deployment, other: Deployment): number =>
  OPEN_STATES.indexOf(one.state) - OPEN_STATES.indexOf(other.state);

/** What goes on and what stopped stands first, whatever its age; then the rest by date. */
export function DeploymentsPage() {
  const { product, state, releaseId } = useSearch({ from: "/frame/deployments" });
  const isFiltered = state !== undefined || releaseId !== undefined;
  return (
    <>
      <PageHeader title="Deployments" actions={<NewDeployment />} />
      <Filters />
      {isFiltered ? <PagesOf title={undefined} /> : <ByUrgency key={product ?? ""} />}
    </>
  );
}

function NewDeployment() {
  const refusal = useRefusal("deployments:write");
  return refusal === undefined ? (
    <ButtonLink kind="primary" to="/deployments/new">
      New deployment
    </ButtonLink>
  ) : (
    <Button kind="primary" disabledReason={refusal}>
      New deployment
    </Button>
  );
}

const STATE_CHOICES = [
  { value: "", label: "Any state" },
  ...(Object.keys(DEPLOYMENT_STATE) as DeploymentState[]).map((value) => ({
    value,
    label: DEPLOYMENT_STATE[value].word,
  })),
] as const;

function Filters() {
  const { product, state, releaseId } = useSearch({ from: "/frame/deployments" });
  const navigate = useNavigate({ from: "/deployments" });
  const release = useOperation(
    "showRelease",
    { params: { releaseId: releaseId ?? "" } },
    { enabled: releaseId !== undefined },
  );
  const change = (next: object): void =>
    void navigate({
      search: (before) => present({ ...before, ...next, cursor: undefined }),
    });
  return (
    <div className="mb-4 flex flex-wrap items-end gap-3">
      <ProductField product={product} onChange={(next) => change({ product: next })} />
      <SelectField
        label="State"
        value={state ?? ""}
        choices={STATE_CHOICES}
        onChange={(next) => change({ state: next === "" ? undefined : next })}
      />
      {releaseId !== undefined && (
        <Button kind="quiet" onClick={() => change({ releaseId: undefined })}>
          Of release {release.data?.version ?? "…"} only: show all
        </Button>
      )}
    </div>
  );
}

function ByUrgency() {
  const { product, cursor } = useSearch({ from: "/frame/deployments" });
  const answer = useOperation("listDeployments", {
    query: {
      ...(product === undefined ? {} : { product }),
      state: OPEN_STATES.join(","),
      limit: OPEN_MAX,
    },
  });
  return (
    <Answered answer={answer} what="deployments" rows={8}>
      {({ items }) => (
        <>
          {cursor === undefined && items.length > 0 && (
            <section aria-label="Open" className="mb-8">
              <h2 className="mb-1 text-lg">Open</h2>
              <DeploymentTable
                caption="Open deployments, stopped ones first"
                deployments={items.toSorted(byUrgency)}
              />
            </section>
          )}
          <PagesOf title={items.length > 0 || cursor !== undefined ? "Ended" : undefined} />
        </>
      )}
    </Answered>
  );
}

/** A page of the list. With a title it shows those that ended: the others stand above. */
function PagesOf({ title }: { readonly title: string | undefined }) {
  const { product, state, releaseId, cursor } = useSearch({ from: "/frame/deployments" });
  const paging = usePaging();
  const shownState = title === undefined ? state : ENDED;
  const answer = useOperation(
    "listDeployments",
    {
      query: {
        limit: PAGE,
        ...(product === undefined ? {} : { product }),
        ...(shownState === undefined ? {} : { state: shownState }),
        ...(releaseId === undefined ? {} : { releaseId }),
        ...(cursor === undefined ? {} : { cursor }),
      },
    },
    { keepsOld: true },
  );
  return (
    <Answered answer={answer} what="deployments" rows={8}>
      {({ items, nextCursor }) => {
        if (items.length === 0 && cursor === undefined)
          return title !== undefined ? null : (
            <NoDeployments isFiltered={(state ?? releaseId ?? product) !== undefined} />
          );
        const hasPages = nextCursor !== null || paging.hasPrevious;
        return (
          <section aria-label={title ?? "Deployments"}>
            {title !== undefined && <h2 className="mb-1 text-lg">{title}</h2>}
            <DeploymentTable caption={title ?? "Deployments"} deployments={items} />
            {hasPages && (
              <Pager
                summary={counted(items.length, "deployment")}
                paging={paging}
                nextCursor={nextCursor}
              />
            )}
          </section>
        );
      }}
    </Answered>
  );
}

function NoDeployments({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty title="No deployment matches">
        <TextLink to="/deployments">Show all deployments</TextLink>
      </Empty>
    );
  return (
    <Empty title="No deployments yet">
      <p>
        A deployment brings a <TextLink to="/releases">release</TextLink> to{" "}
        <TextLink to="/devices">devices</TextLink>. Both must exist first:{" "}
        <TextLink to="/first-steps">the first steps</TextLink> lead there.
      </p>
    </Empty>
  );
}
