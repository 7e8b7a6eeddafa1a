import { expect, test } from "vitest";
import { settled } from "../../tools/console/console-screens.ts";
import { HOSTILE_NAMES } from "../../tools/console/hostile-texts.ts";
import { seen, useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

// Whoever names devices must not run code in the console, hide what a name holds, or turn the page around.

const shared = await sharedConsole();
const open = useBrowser(() => shared, { keepsWindow: true });
const { devices, deployments, releases } = shared.facts;

const PAGES = {
  list: "/devices?product=odd",
  device: `/devices/${devices.hostile}`,
  inventory: `/devices/${devices.hostile}/inventory`,
  identity: `/devices/${devices.hostile}/identity`,
  release: `/releases/${releases.hostile}`,
  deployment: `/deployments/${deployments.hostile}`,
  history: `/deployments/${deployments.hostile}/history`,
  groups: "/groups",
  overview: "/",
  activity: "/activity",
  trust: "/settings/trust",
  proposal: `/settings/proposals/${shared.facts.proposalId}`,
} as const;

test.each(Object.entries(PAGES))("%s: no element comes from a text", async (_, path) => {
  const { page } = await open(path);
  await settled(page);

  const main = page.getByRole("main");
  expect(await main.getByRole("img", { name: /^x$/ }).count()).toBe(0);
  // What must not be there has no role.
  expect(await page.locator("main script, main img, main iframe, main b").count()).toBe(0);
  expect(await page.locator("a[href^='javascript:']").count()).toBe(0);
});

test("every character of a name can be seen in the list of devices", async () => {
  const { page } = await open(PAGES.list);
  await settled(page);
  const text = await page.getByRole("table").innerText();

  expect(text).toContain(HOSTILE_NAMES.markup);
  expect(text).toContain("pumpU+202Edezilatrec");
  expect(text).toContain(HOSTILE_NAMES.arabic);
  expect(text).toContain("pump␇␛[31m red␡U+200BU+FEFF");
});

test("the title of the window carries no mark that could turn it around", async () => {
  const { page } = await open(PAGES.device);
  await settled(page);
  expect(await page.title()).not.toMatch(/\p{Cc}|\p{Cf}/u);
});

test("notes of ten kilobytes in one word stay inside the page, and only a real link is one", async () => {
  const { page } = await open(PAGES.release);
  await settled(page);
  await seen(page.getByText(HOSTILE_NAMES.markup));

  for (const link of await page.getByRole("main").getByRole("link").all())
    expect(await link.getAttribute("href")).toMatch(/^(?:\/|https:\/\/example\.org\/)/);
});

test("a value of four kilobytes is cut in the inventory, and shown whole when it is asked for", async () => {
  const { page } = await open(PAGES.inventory);
  await settled(page);
  const long = page.getByText(/W{100,}/).first();
  await seen(long);
  const before = (await long.innerText()).length;
  expect(before).toBeLessThan(1_000);

  await page
    .getByRole("button", { name: /^Show all/ })
    .first()
    .click();
  await expect.poll(async () => (await page.getByText(/W{1000,}/).count()) > 0).toBe(true);
});
