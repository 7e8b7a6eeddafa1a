import { unreachable } from "@moult/base";

/** What must hold in every world, by name; the first words name the line of the fault model that it comes from. */
export const INVARIANTS = {
  "a-whole-system-starts":
    "I1: what starts is the whole image of a release, and some slot always starts",
  "trials-are-bounded": "I2: a slot on trial is started no more often than it was armed for",
  "nothing-unproven-is-confirmed":
    "I3: nothing is confirmed that is not whole, healthy, able to reach the server, and running",
  "the-environment-parses": "I4: the bootloader always finds a copy of its environment that parses",
  "no-release-is-applied-twice":
    "I5: an attempt that has ended is never begun again, unless the device lost its memory",
  "server-and-device-agree":
    "I5: in the end the server has the outcome of every attempt, and of each exactly one",
  "every-run-settles": "I5: when faults stop, server and device come to rest in finite time",
  "a-device-stays-updatable":
    "when faults stop, the next good release is installed, whatever happened before",
  "the-security-counter-never-sinks":
    "I6: nothing is installed whose security counter is below that of what was committed",
  "lost-data-bricks-nothing": "I7: without its data partition a device still starts a whole system",
  "the-only-way-back-is-kept": "neither the running slot nor the confirmed one is written to",
  "outcomes-are-true": "a report of an end says what really runs, and what will run",
  "a-trial-has-its-time":
    "new software is given up as late only after all the time that it may take",
  "reports-keep-their-number": "a report that is made again is the same under the same number",
  "a-saved-state-can-be-read": "a start finds the state that was saved",
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Broken {
  readonly invariant: Invariant;
  readonly detail: string;
}

/** What the campaign's summary counts a broken invariant as. */
export function countedAs(invariant: Invariant): "bricks" | "wrongReports" | "stuck" | "others" {
  switch (invariant) {
    case "a-whole-system-starts":
    case "the-environment-parses":
    case "lost-data-bricks-nothing":
    case "the-only-way-back-is-kept":
    case "nothing-unproven-is-confirmed":
    case "trials-are-bounded":
      return "bricks";
    case "outcomes-are-true":
    case "a-trial-has-its-time":
    case "reports-keep-their-number":
    case "server-and-device-agree":
      return "wrongReports";
    case "every-run-settles":
    case "a-device-stays-updatable":
      return "stuck";
    case "no-release-is-applied-twice":
    case "the-security-counter-never-sinks":
    case "a-saved-state-can-be-read":
      return "others";
    default:
      return unreachable(invariant);
  }
}
