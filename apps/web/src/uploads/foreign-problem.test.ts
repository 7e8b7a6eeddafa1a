import { expect, test } from "vitest";
import { foreignProblem } from "./foreign-problem.ts";

const named = { version: "2.0", hardwareTypes: ["gw2"] };
const unnamed = { version: "", hardwareTypes: [] };

test.each([
  ["a bundle of RAUC", "fw.raucb", unnamed, undefined],
  [
    "an image of SWUpdate that is for some hardware",
    "FW.SWU",
    { ...named, version: "" },
    undefined,
  ],
  ["an image of SWUpdate that is for none", "fw.swu", unnamed, /hardware types/],
  ["another file with both names", "fw.bin", named, undefined],
  ["another file without", "fw.bin", { ...named, version: "" }, /^no artifact$/],
] as const)("%s may go or is told why not", (_, name, names, said) => {
  const problem = foreignProblem(name, names, "no artifact");

  if (said === undefined) expect(problem).toBeUndefined();
  else expect(problem).toMatch(said);
});
