import { FirstSteps } from "../components/first-steps.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Answered } from "../ui/panel.tsx";
import { PageHeader } from "../ui/page-header.tsx";

/** The steps, for whoever comes back to them later. */
export function FirstStepsPage() {
  const answer = useOperation("showOverview");
  return (
    <>
      <PageHeader title="First steps" sentence="From an empty server to a first update." />
      <Answered answer={answer} what="steps" rows={5}>
        {({ firstSteps }) => <FirstSteps done={firstSteps} />}
      </Answered>
    </>
  );
}
