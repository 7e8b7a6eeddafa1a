import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { NewDeploymentAnswer } from "../components/new-deployment-answer.tsx";
import {
  deploymentBody,
  keepDraft,
  keptDraft,
  missingOf,
  planOf,
} from "../forms/deployment-draft.ts";
import { DeploymentForm, type DeploymentFormProps } from "../forms/deployment-form.tsx";
import { useOperation } from "../server/operation-query.ts";
import { present } from "../server/search-params.ts";
import { PageHeader } from "../ui/page-header.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { useSettled } from "../ui/use-settled.ts";

/**
 * One page: the questions at the left, and what would happen always beside them. Release, devices and preset stand in the
 * address; name and own plan in the browser, until the deployment is made.
 */
export function NewDeploymentPage() {
  const search = useSearch({ from: "/frame/deployments/new" });
  const navigate = useNavigate({ from: "/deployments/new" });
  const [kept, setKept] = useState(keptDraft);
  useEffect(() => keepDraft(kept), [kept]);
  const plan = planOf(search, kept.ownPlan);
  const body = deploymentBody(search, plan.plan);
  const asked = useSettled(JSON.stringify(body ?? null));
  const preview = useOperation(
    "previewDeployment",
    { body: JSON.parse(asked) as NonNullable<typeof body> },
    { enabled: asked !== "null", keepsOld: true },
  );
  const release = useOperation(
    "showRelease",
    { params: { releaseId: search.releaseId ?? "" } },
    { enabled: search.releaseId !== undefined },
  );
  const suggestion = body === undefined ? undefined : preview.data?.name;
  const onSearch: DeploymentFormProps["onSearch"] = (change) =>
    void navigate({
      replace: true,
      resetScroll: false,
      search: (before) => present({ ...before, ...change }),
    });
  const missing = missingOf(search, plan.plan);
  return (
    <>
      <PageHeader
        title="New deployment"
        above={<TextLink to="/deployments">Deployments</TextLink>}
      />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <DeploymentForm
          search={search}
          onSearch={onSearch}
          kept={kept}
          onKept={setKept}
          plan={plan}
          product={release.data?.product}
          suggestion={suggestion}
          findings={missing === undefined ? (preview.data?.findings ?? []) : []}
        />
        <NewDeploymentAnswer
          body={body}
          missing={missing}
          preview={preview}
          isCurrent={JSON.stringify(body ?? null) === asked && !preview.isPlaceholderData}
          release={release.data}
          name={kept.name.trim() === "" ? (suggestion ?? "") : kept.name.trim()}
          onCreated={({ id }) => {
            keepDraft(undefined);
            void navigate({ to: "/deployments/$deploymentId", params: { deploymentId: id } });
          }}
        />
      </div>
    </>
  );
}
