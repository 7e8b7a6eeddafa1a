import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { settled } from "../../tools/console/console-screens.ts";
import { useBrowser, type OpenedPage } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

// Follows every kind of link from the overview, and presses every button that changes nothing.

const shared = await sharedConsole();
const open = useBrowser(() => shared);

/** What changes something, leaves the console, or only says why it is off. */
const ACTS =
  /accept|refuse|reject|withdraw|publish|decommission|abort|pause|resume|delete|remove|revoke|sign out|^create(?!.*(?:group|product|key|token))|deploy|save|show the command|undo|choose files|go on|add to group|make|rename|preauthorise \d/i;
/** Of each kind of page so many are looked at: lists of all states, objects of several states. */
const EACH_MAX = 2;
const PAGES_MAX = 70;

/** "/devices/:id/inventory?state": what tells one kind of page from another. */
function kindOf(address: string): string {
  const { pathname, searchParams } = new URL(address, shared.url);
  const path = pathname.replaceAll(/[0-9a-f-]{36}/g, ":id");
  return `${path}?${[...searchParams.keys()].toSorted().join("&")}`;
}

async function addressesOn(page: Page): Promise<string[]> {
  const links = page.getByRole("link");
  const addresses = await links.evaluateAll((elements) =>
    elements.map((element) => element.getAttribute("href") ?? ""),
  );
  return addresses.filter(
    (address) => address.startsWith("/") && !/^\/(?:api|download)\//.test(address),
  );
}

async function pressEverything({ page }: OpenedPage): Promise<void> {
  const address = page.url();
  const buttons = page.getByRole("main").getByRole("button");
  const names = await buttons.evaluateAll((elements) =>
    elements.map((element) => element.getAttribute("aria-label") ?? element.textContent),
  );
  const harmless = [...new Set(names)].filter((name) => name !== "" && !ACTS.test(name));
  for (const name of harmless.slice(0, 12)) {
    const button = page.getByRole("main").getByRole("button", { name, exact: true }).first();
    if ((await button.count()) === 0 || (await button.getAttribute("aria-disabled")) === "true")
      continue;
    await button.click();
    await settled(page);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    if (page.url() !== address) {
      await page.goto(address);
      await settled(page);
    }
  }
}

test(
  "every link leads to a page, every button does something, and nothing fails on the way",
  async () => {
    const opened = await open("/", { permissions: ["clipboard-read", "clipboard-write"] });
    const { page, problems } = opened;
    const seenKinds = new Map<string, number>();
    const queue = ["/"];
    const visited = new Set<string>();
    const faults: string[] = [];
    while (queue.length > 0 && visited.size < PAGES_MAX) {
      const address = queue.shift() ?? "";
      const kind = kindOf(address);
      const times = seenKinds.get(kind) ?? 0;
      if (visited.has(address) || times >= EACH_MAX) continue;
      visited.add(address);
      seenKinds.set(kind, times + 1);
      const before = problems().length;
      await page.goto(shared.url + address);
      await settled(page);
      if ((await page.getByRole("heading", { name: "There is no such page" }).count()) > 0)
        faults.push(`${address}: no such page`);
      if ((await page.getByRole("alert").count()) > 0)
        faults.push(`${address}: ${await page.getByRole("alert").first().innerText()}`);
      queue.push(...(await addressesOn(page)));
      if (times === 0) await pressEverything(opened);
      for (const problem of problems().slice(before)) faults.push(`${address}: ${problem}`);
    }
    expect(faults).toEqual([]);
    expect(seenKinds.size).toBeGreaterThan(25);
  },
  // One long way, not many short ones: a minute on two cores.
  240_000,
);
