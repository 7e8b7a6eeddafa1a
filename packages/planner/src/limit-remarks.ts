import { bytesWords } from "@moult/model";
import type { LimitFinding } from "./check-limits.ts";
import { numberText } from "./counted.ts";

/** The part of the plan that a finding is about, and what is to be said there. */
export function limitRemark(finding: LimitFinding): readonly [field: string, sentence: string] {
  switch (finding.kind) {
    case "site-limit-idle":
      return [
        "plan.limits.perSite",
        `${numberText(finding.perSite)} at a time of a site hold nobody back: all sites together have ${numberText(finding.concurrentMax)}.`,
      ];
    case "byte-budget-too-small":
      return [
        "plan.limits.bytesPerDay",
        `Devices of ${finding.hardwareTypes.join(", ")} never get their artifact: it has ${bytesWords(finding.sizeBytes)}, and ${bytesWords(finding.bytesPerDay)} are offered in any 24 hours.`,
      ];
    case "ramp-idle":
      return [
        `plan.stages.${finding.stage}.ramp`,
        `The ramp of stage ${finding.stage + 1} begins with ${numberText(finding.begins)} in any minute, and the plan lets no more than ${numberText(finding.perMinute)} start: it makes no difference.`,
      ];
    case "ramp-never-rises":
      return [
        `plan.stages.${finding.stage}.ramp`,
        `The ramp of stage ${finding.stage + 1} rises after ${numberText(finding.every)} that ${finding.by === "succeeded" ? "succeeded" : "were offered it"}, and the stage has ${numberText(finding.atMost)} at most: it never does.`,
      ];
  }
}
