import { planSentences, type Plan } from "@moult/model";
import { Foreign } from "../ui/foreign.tsx";

/** A plan in sentences. */
export function PlanWords({ plan }: { readonly plan: Plan }) {
  return (
    <ul aria-label="The plan in words" className="flex list-disc flex-col gap-1 pl-5 text-sm">
      {planSentences(plan).map((sentence) => (
        <li key={sentence}>
          <Foreign text={sentence} />
        </li>
      ))}
    </ul>
  );
}
