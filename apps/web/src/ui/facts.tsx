import type { ReactNode } from "react";

/** Names and values, one pair a line. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: ReactNode, value: ReactNode])[];
}) {
  return (
    <dl className="grid grid-cols-1 gap-x-6 sm:gap-y-2 sm:grid-cols-[minmax(7rem,auto)_1fr]">
      {facts.map(([name, value], index) => (
        <div key={index} className="contents">
          <dt className="text-soft max-sm:text-sm">{name}</dt>
          <dd className="min-w-0 max-sm:mb-2.5">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
