import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { settled } from "../../tools/console/console-screens.ts";
import { gone, seen, useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

// Ten thousand meters: whoever looks for some of them says so in the address.

const shared = await sharedConsole();
const open = useBrowser(() => shared, { keepsWindow: true });

const METERS = "/devices?product=meter";

const firstRow = (page: Page) => page.getByRole("row").nth(1);
const query = (page: Page): URLSearchParams => new URL(page.url()).searchParams;

test("pages of a hundred have addresses, and the back button goes through them", async () => {
  const { page } = await open(METERS);
  await seen(page.getByText("1–100 of 10,000"));
  expect(await page.getByRole("row").count()).toBe(101);
  const first = await firstRow(page).innerText();

  await page.getByRole("button", { name: "Next" }).click();
  await seen(page.getByText("101–200 of 10,000"));
  expect(query(page).get("cursor")).not.toBeNull();
  expect(await firstRow(page).innerText()).not.toBe(first);

  await page.goBack();
  await seen(page.getByText("1–100 of 10,000"));
  expect(await firstRow(page).innerText()).toBe(first);
});

test("whoever asks for the page after one that has not come yet waits for it, and misses none", async () => {
  const { page } = await open(METERS);
  await seen(page.getByText("1–100 of 10,000"));
  const answers = Promise.withResolvers<void>();
  await page.route(/\/api\/v1\/devices\?.*cursor=/, async (route) => {
    await answers.promise;
    await route.continue();
  });
  const next = page.getByRole("button", { name: "Next" });
  await next.click();
  await seen(next.getByText("the page is on its way"));
  await page.keyboard.press("]");
  expect(await page.getByText("201–300").count()).toBe(0);

  answers.resolve();
  await seen(page.getByText("101–200 of 10,000"));
  await page.keyboard.press("]");
  await seen(page.getByText("201–300 of 10,000"));
});

test("what is typed finds one device among all, and stands in the address", async () => {
  const { page } = await open(METERS);
  await page.getByRole("searchbox").fill("meter-4711");

  await seen(page.getByText("1–1 of 1"));
  await seen(page.getByRole("link", { name: "meter-4711" }));
  expect(query(page).get("search")).toBe("meter-4711");
  await page.reload();
  await seen(page.getByText("1–1 of 1"));
  expect(await page.getByRole("searchbox").inputValue()).toBe("meter-4711");
});

test("a link with filters shows exactly what it says, and each filter can be taken away", async () => {
  const { page } = await open(`${METERS}&state=accepted&contact=silent&attribute=site%3Dsite-7`);
  await settled(page);
  const filters = page.getByRole("list", { name: "Filters" });
  await seen(filters);
  const narrow = await page.getByText(/ of [\d,]+ devices$/).innerText();

  await filters.getByRole("button", { name: /Remove the filter .*site-7/ }).click();
  await gone(filters.getByText("site-7"));
  await expect.poll(() => page.getByText(/ of [\d,]+ devices$/).innerText()).not.toBe(narrow);
  expect(query(page).has("attribute")).toBe(false);
  expect(query(page).get("contact")).toBe("silent");
  await page.goBack();
  await seen(page.getByText(narrow));
});

test("a filter that nothing fits says so, and how many there are without it", async () => {
  const { page } = await open(`${METERS}&search=nobody-is-called-so`);
  await seen(page.getByText("No device matches"));
  await page.getByRole("link", { name: /^Without the text/ }).click();
  await seen(page.getByText("1–100 of 10,000"));
});

test("the order is chosen in the list, and kept by its address", async () => {
  const { page } = await open(METERS);
  await page.getByRole("combobox", { name: "Order" }).selectOption("By name");
  await expect.poll(() => query(page).get("sort")).toBe("name");
  await seen(page.getByRole("link", { name: "meter-0", exact: true }));

  const names = await page.getByRole("row").getByRole("link").allInnerTexts();
  const meters = names.filter((name) => name.startsWith("meter-"));
  expect(meters.length).toBe(100);
  expect(meters).toEqual(meters.toSorted());
});

test("what an address says wrong is left out, and the list is there all the same", async () => {
  const { page } = await open("/devices?state=bogus&sort=sideways&contact=&product=meter");
  await seen(page.getByText("1–100 of 10,000"));
});
