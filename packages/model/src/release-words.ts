import type { Release } from "./release.ts";

/** What a release asks of devices, in the words of CLI and console; none where it asks nothing. */
export function releaseRuleWords({
  minimumFrom,
  mustPassThrough,
}: Pick<Release, "minimumFrom" | "mustPassThrough">): readonly string[] {
  return [
    ...(minimumFrom === null
      ? []
      : [`It is offered only to devices that run ${minimumFrom} or later.`]),
    ...(mustPassThrough
      ? ["Devices before it have to run it before they are offered a later release of its channel."]
      : []),
  ];
}
