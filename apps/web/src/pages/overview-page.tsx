import type { Reply } from "@moult/client";
import { Suspense, lazy, useState } from "react";
import { EventList } from "../components/event-list.tsx";
import { OverviewContact } from "../components/overview-contact.tsx";
import { OverviewMoving } from "../components/overview-moving.tsx";
import { OverviewNeeds } from "../components/overview-needs.tsx";
import { OverviewRunning } from "../components/overview-running.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Answered, Loading, Panel } from "../ui/panel.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { TextLink } from "../ui/text-link.tsx";

type Overview = Reply<"showOverview">;

// Most people have the first steps behind them.
const FirstSteps = lazy(async () => ({
  default: (await import("../components/first-steps.tsx")).FirstSteps,
}));

export function OverviewPage() {
  const answer = useOperation("showOverview");
  const { data } = answer;
  const isNew = data?.firstSteps.hasSuccess === false;
  const sentence = isNew ? "Six steps lead to a first update." : data?.headline;
  return (
    <>
      <PageHeader title="Overview" {...(sentence === undefined ? {} : { sentence })} />
      <Answered answer={answer} what="numbers" rows={8}>
        {(overview) => <OverviewBody overview={overview} />}
      </Answered>
    </>
  );
}

function OverviewBody({ overview }: { readonly overview: Overview }) {
  // Whoever has just seen the first success keeps seeing how it came about.
  const [wasNew] = useState(!overview.firstSteps.hasSuccess);
  const { hasDevice } = overview.firstSteps;
  const hasNeeds = overview.needs.length > 0;
  return (
    <div className="flex flex-col gap-6">
      {wasNew && (
        <Suspense fallback={<Loading what="first steps" rows={5} />}>
          <FirstSteps done={overview.firstSteps} />
        </Suspense>
      )}
      {hasDevice || !wasNew ? (
        <Panels overview={overview} />
      ) : (
        hasNeeds && <OverviewNeeds overview={overview} />
      )}
    </div>
  );
}

function Panels({ overview }: { readonly overview: Overview }) {
  return (
    <div className="flex flex-col gap-4">
      <OverviewNeeds overview={overview} />
      <OverviewMoving deployments={overview.moving} />
      <div className="grid gap-4 lg:grid-cols-2">
        <OverviewRunning overview={overview} />
        <OverviewContact byContact={overview.byContact} />
      </div>
      <Panel title="Lately" aside={<TextLink to="/activity">All activity</TextLink>}>
        {overview.recent.length === 0 ? (
          <p className="text-soft">Nothing has happened yet.</p>
        ) : (
          <EventList events={overview.recent} name="Lately, newest first" />
        )}
      </Panel>
    </div>
  );
}
