import { planSentences, type GroupId, type Plan } from "@moult/model";
import { useOperation } from "../server/operation-query.ts";
import { Foreign } from "../ui/foreign.tsx";

/** A plan in sentences. */
export function PlanWords({ plan }: { readonly plan: Plan }) {
  const hasGroups = plan.stages.some(({ size }) => "groupId" in size);
  return hasGroups ? <WithGroups plan={plan} /> : <Sentences sentences={planSentences(plan)} />;
}

function WithGroups({ plan }: { readonly plan: Plan }) {
  const { data } = useOperation("listGroups", { query: {} });
  const nameOf = (groupId: GroupId): string | undefined =>
    data?.items.find(({ id }) => id === groupId)?.name;
  return <Sentences sentences={planSentences(plan, nameOf)} />;
}

function Sentences({ sentences }: { readonly sentences: readonly string[] }) {
  return (
    <ul aria-label="The plan in words" className="flex list-disc flex-col gap-1 pl-5 text-sm">
      {sentences.map((sentence) => (
        <li key={sentence}>
          <Foreign text={sentence} />
        </li>
      ))}
    </ul>
  );
}
