import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

export interface AxeFinding {
  readonly rule: string;
  readonly impact: string;
  readonly help: string;
  /** The first of the elements, as HTML, and how many there are. */
  readonly element: string;
  readonly count: number;
}

/** What axe-core finds wrong on the page as it is now, by all its rules or by those named. */
export async function axeFindings(
  page: Page,
  rules?: readonly string[],
): Promise<readonly AxeFinding[]> {
  const builder = new AxeBuilder({ page })
    .setLegacyMode()
    // What passes is not listed: a list of a hundred rows would be told element by element.
    .options({ resultTypes: ["violations"] });
  const { violations } = await (
    rules === undefined ? builder : builder.withRules([...rules])
  ).analyze();
  return violations.map(({ id, impact, help, nodes }) => ({
    rule: id,
    impact: impact ?? "",
    help,
    element: (nodes[0]?.html ?? "").slice(0, 200),
    count: nodes.length,
  }));
}
