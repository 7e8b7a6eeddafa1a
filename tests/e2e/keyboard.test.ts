import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { settled } from "../../tools/console/console-screens.ts";
import { gone, seen, useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

const shared = await sharedConsole();
const open = useBrowser(() => shared, { keepsWindow: true });

/** What has the focus: its role or element, its name, and whether it can be seen. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return { what: "nothing", isSeen: false };
    const box = element.getBoundingClientRect();
    const top = document.elementFromPoint(
      Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1),
      Math.min(Math.max(box.y + Math.min(box.height, innerHeight) / 2, 0), innerHeight - 1),
    );
    const isSeen = top !== null && (element.contains(top) || top.contains(element));
    return { what: `${element.tagName} ${element.textContent.slice(0, 40)}`, isSeen };
  });

test("everything can be gone to by its name, and the new page's title has the focus", async () => {
  const { page } = await open("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  await seen(page.getByRole("combobox"));
  await page.keyboard.type("groups");
  await page.keyboard.press("Enter");

  await seen(page.getByRole("heading", { name: "Groups", level: 1 }));
  await expect.poll(async () => (await focused(page)).what).toBe("H1 Groups");
});

test("the palette finds a device by its serial number", async () => {
  const { page } = await open("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("meter-4711");
  await seen(page.getByRole("option", { name: /meter-4711/ }));
  await page.keyboard.press("Enter");
  await seen(page.getByRole("heading", { name: "meter-4711", level: 1 }));
});

test("escape closes the palette, and the focus is where it was", async () => {
  const { page } = await open("/groups");
  await settled(page);
  await page.getByRole("button", { name: "Create a group" }).focus();
  await page.keyboard.press("Control+k");
  await seen(page.getByRole("combobox"));
  await page.keyboard.press("Escape");
  await gone(page.getByRole("combobox"));
  await expect.poll(async () => (await focused(page)).what).toBe("BUTTON Create a group");
});

test("a dialog keeps the focus inside, and gives it back to the button that opened it", async () => {
  const { page } = await open("/groups");
  await settled(page);
  await page.getByRole("button", { name: "Create a group" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await seen(dialog);
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    // What stands behind the last stop sends the focus back to the first one, a moment later.
    await expect
      .poll(() => dialog.evaluate((element) => element.contains(document.activeElement)))
      .toBe(true);
  }
  await page.keyboard.press("Escape");
  await gone(dialog);
  await expect.poll(async () => (await focused(page)).what).toBe("BUTTON Create a group");
});

test("the first stop leads past the places to the content", async () => {
  const { page } = await open("/devices?product=odd");
  await settled(page);
  await page.keyboard.press("Tab");
  expect((await focused(page)).what).toBe("A Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const isInside = await page
    .getByRole("main")
    .evaluate((element) => element.contains(document.activeElement));
  expect(isInside).toBe(true);
});

test.each([
  "/",
  "/devices?product=odd",
  `/deployments/${shared.facts.deployments.tripped}`,
  "/settings",
  "/settings/trust",
  `/settings/proposals/${shared.facts.proposalId}`,
])("on %s the focus goes on from stop to stop, always in sight", async (path) => {
  const { page } = await open(path);
  await settled(page);
  const stops = new Set<string>();
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    const { what, isSeen } = await focused(page);
    // After the last stop the browser itself has the focus once.
    if (what === "nothing") break;
    expect(`${what}: ${isSeen ? "seen" : "hidden"}`).toBe(`${what}: seen`);
    stops.add(what);
  }
  expect(stops.size).toBeGreaterThan(10);
});

test("letters lead to the places, but not while somebody types", async () => {
  const { page } = await open("/");
  await settled(page);
  await page.keyboard.press("g");
  await page.keyboard.press("v");
  await seen(page.getByRole("heading", { name: "Devices", level: 1 }));

  await page.keyboard.press("/");
  await page.keyboard.type("gr");
  expect(await page.getByRole("searchbox").inputValue()).toBe("gr");
  expect(new URL(page.url()).pathname).toBe("/devices");
});

test("whoever types faster than the server answers still goes to what they typed", async () => {
  const { page } = await open("/");
  await settled(page);
  const answers = Promise.withResolvers<void>();
  await page.route("**/api/v1/devices?*", async (route) => {
    await answers.promise;
    await route.continue();
  });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("meter-4711");
  await page.keyboard.press("Enter");
  await seen(page.getByText("Searching…"));
  answers.resolve();
  await seen(page.getByRole("heading", { name: "meter-4711", level: 1 }));
});
