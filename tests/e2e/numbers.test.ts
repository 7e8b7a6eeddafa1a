import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { settled } from "../../tools/console/console-screens.ts";
import { useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

// Every number that is a link agrees with the list that it leads to.

const shared = await sharedConsole();
const open = useBrowser(() => shared, { keepsWindow: true });

const PAGES = [
  "/",
  "/devices",
  "/groups",
  `/deployments/${shared.facts.deployments.finished}`,
  `/deployments/${shared.facts.deployments.tripped}`,
  `/deployments/${shared.facts.deployments.moving}`,
];

/** A number that stands for a count: alone, or before what it counts. */
const COUNT = /^(?:[\p{L} ]+ )?([\d,]+)(?: [\p{L} -]+)?$/u;
const LISTS = /^\/devices(?:\?|$)|^\/deployments\/[^/]+\/devices/;

test.each(PAGES)("the numbers of %s are those of their lists", async (path) => {
  const { page } = await open(path);
  await settled(page);
  const counts = await countsOn(page);
  expect(counts.length).toBeGreaterThan(0);

  for (const { text, number, address } of counts) {
    await page.goto(shared.url + address);
    await settled(page);
    // The total comes after the rows.
    await expect
      .poll(() => listed(page).then((count) => `${text}: ${count}`), { timeout: 10_000 })
      .toBe(`${text}: ${number}`);
  }
});

async function countsOn(page: Page) {
  const links = await page.getByRole("main").getByRole("link").all();
  const found = new Map<string, { text: string; number: number; address: string }>();
  for (const link of links) {
    const address = (await link.getAttribute("href")) ?? "";
    const text = (await link.innerText()).replaceAll(/\s+/g, " ").trim();
    const number = COUNT.exec(text)?.[1];
    if (number === undefined || !LISTS.test(address)) continue;
    found.set(address, { text, number: Number(number.replaceAll(",", "")), address });
  }
  return [...found.values()];
}

/** How many the list says it has; a list of one page is counted. */
async function listed(page: Page): Promise<number> {
  const said = page.getByText(/^[\d–-]+ of [\d,]+$/);
  if ((await said.count()) > 0) {
    const [, total = ""] = / of ([\d,]+)$/.exec(await said.first().innerText()) ?? [];
    return Number(total.replaceAll(",", ""));
  }
  const rows = await page.getByRole("row").count();
  return Math.max(0, rows - 1);
}
