import { setDefaultCACertificates } from "node:tls";
import type { Browser } from "playwright-core";
import { launchBrowser, signedInContext, type ConsoleAddress } from "./console/console-browser.ts";
import { withPopulatedConsole } from "./console/with-populated-console.ts";

// `npm run web:speed`: how long it takes from the address to the first row that can be pressed, with nothing in the
// browser's memory, against a server of ten thousand devices. Milliseconds; the last line is JSON. Not a test: on a busy
// machine it measures the machine.

const TRIES = 7;
const OVERVIEW_MS_MAX = 1_500;

const PLACES = [
  { name: "overview", path: "/", row: { role: "region", name: /^Needs you/ } },
  { name: "devices", path: "/devices", row: { role: "table", name: "Devices" } },
  { name: "deployments", path: "/deployments", row: { role: "table", name: /deployments/i } },
] as const;

async function msToFirstRow(
  browser: Browser,
  address: ConsoleAddress,
  { path, row }: (typeof PLACES)[number],
): Promise<number> {
  const context = await signedInContext(browser, address);
  const page = await context.newPage();
  const startedAt = performance.now();
  await page.goto(address.url + path, { waitUntil: "commit" });
  await page
    .getByRole(row.role, { name: row.name })
    .getByRole("link")
    .first()
    .click({ trial: true });
  const elapsedMs = performance.now() - startedAt;
  await context.close();
  return elapsedMs;
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

const medians = await withPopulatedConsole(async (address) => {
  setDefaultCACertificates([address.certificateAuthority]);
  const browser = await launchBrowser(address);
  const found: Record<string, number> = {};
  try {
    for (const place of PLACES) {
      const tries: number[] = [];
      for (let n = 0; n < TRIES; n += 1)
        tries.push(Math.round(await msToFirstRow(browser, address, place)));
      found[place.name] = median(tries);
      console.log(`${place.name.padEnd(12)} median ${median(tries)} ms of ${tries.join(", ")}`);
    }
  } finally {
    await browser.close();
  }
  return found;
});
console.log(`the overview may take ${OVERVIEW_MS_MAX} ms`);
console.log(JSON.stringify(medians));
process.exitCode = (medians["overview"] ?? Infinity) <= OVERVIEW_MS_MAX ? 0 : 1;
