import { parseArgs } from "node:util";
import { axeFindings } from "./console/axe-findings.ts";
import { tourScreens } from "./console/screen-tour.ts";
import { withPopulatedConsole } from "./console/with-populated-console.ts";

// `npm run web:axe [-- --only NAME]`: axe-core on every screen and its states, in both themes and sizes. Any violation
// fails.

const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });

let pages = 0;
let violations = 0;
await withPopulatedConsole((address, facts) =>
  tourScreens(
    address,
    facts,
    {
      themes: ["light", "dark"],
      viewports: [
        { width: 1280, height: 800 },
        { width: 390, height: 844 },
      ],
      only: values.only,
    },
    async ({ page, name, theme, viewport, problems }) => {
      pages += 1;
      const findings = await axeFindings(page);
      violations += findings.length;
      const place = `${name} ${viewport.width} ${theme}`.padEnd(44);
      console.log(`${place} ${findings.length === 0 ? "ok" : ""}`);
      for (const { rule, impact, help, element, count } of findings)
        console.log(`  ${impact} ${rule}: ${help} (${count})\n    ${element}`);
      for (const problem of problems) console.log(`  ${problem}`);
    },
  ),
);
console.log(`${pages} pages, ${violations} violations`);
process.exitCode = violations === 0 && pages > 0 ? 0 : 1;
