import type { Plan } from "@moult/model";
import { exactCount } from "../format/number.ts";

type ErrorStop = NonNullable<Plan["stages"][number]["errorStop"]>;

/** When a stage stops its deployment, after "stops itself". */
export function errorStopText({ count, percent, sampleMin }: ErrorStop): string {
  const parts = [
    ...(count === undefined ? [] : [`${exactCount(count)} failed`]),
    ...(percent === undefined
      ? []
      : [
          sampleMin === undefined
            ? `${percent} % failed`
            : `${percent} % failed of at least ${exactCount(sampleMin)}`,
        ]),
  ];
  return `at ${parts.join(", or ")}`;
}
