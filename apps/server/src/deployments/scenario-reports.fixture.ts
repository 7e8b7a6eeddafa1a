import { finished } from "./fleet.fixture.ts";
import type { AssignmentReport } from "./report-assignment.ts";

/** What a device of a scenario says of its offer when it is told to `install`, `succeed`, `fail`, `roll back` or `refuse`. */
export function reportsOf(
  verb: string,
  version: string,
  runs: string,
  code: string | undefined,
): readonly AssignmentReport[] {
  switch (verb) {
    case "install":
      return [{ kind: "installing", sequence: 10 }];
    case "succeed":
      return [finished("succeeded", version)];
    case "fail":
      return [finished("failed", runs, code)];
    case "roll back":
      return [finished("rolled-back", runs, code)];
    case "refuse":
      return [finished("rejected", runs, code)];
    default:
      throw new Error(`a device cannot ${verb}`);
  }
}
