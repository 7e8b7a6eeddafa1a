import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tourScreens } from "./console/screen-tour.ts";
import { withPopulatedConsole } from "./console/with-populated-console.ts";

// `npm run screens [-- FOLDER] [--only NAME] [--full]`: a picture of every screen and its states, on a desk and on a
// phone, light and dark, for people to look at.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, full: { type: "boolean", default: false } },
});
const folder = positionals[0] ?? fileURLToPath(new URL("../.data/screens", import.meta.url));
await mkdir(folder, { recursive: true });

let pictures = 0;
let withProblems = 0;
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
      const path = join(folder, `${name}-${viewport.width}-${theme}.png`);
      await page.screenshot({ path, fullPage: values.full, animations: "disabled" });
      pictures += 1;
      if (problems.length === 0) return;
      withProblems += 1;
      console.log(`${name} at ${viewport.width}, ${theme}:\n  ${problems.join("\n  ")}`);
    },
  ),
);
console.log(
  `${pictures} pictures in ${folder}, ${withProblems} of pages on which something went wrong`,
);
process.exitCode = withProblems === 0 && pictures > 0 ? 0 : 1;
