import type { Route } from "playwright-core";
import { expect, test } from "vitest";
import { gone, seen, useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

// The server as it is on a bad day: the browser alone is told so, the server itself is well.

const shared = await sharedConsole();
const open = useBrowser(() => shared);

const GROUPS = /\/api\/v1\/groups/;
const PRODUCTS = /\/api\/v1\/products/;
const REQUEST_ID = "01920000-0000-7000-8000-000000000001";

const internal = (route: Route): Promise<void> =>
  route.fulfill({
    status: 500,
    contentType: "application/problem+json",
    body: JSON.stringify({
      type: "urn:moult:problem:internal",
      title: "The server failed",
      status: 500,
      code: "internal",
      detail: "The server's log has the reason under this request's id.",
      requestId: REQUEST_ID,
    }),
  });

test("a failed answer says so where it was asked for, with the id to look for, and can be tried again", async () => {
  const { page, expectProblem } = await open("/settings");
  expectProblem(/groups.* 500|status of 500/);
  let isIll = true;
  await page.route(GROUPS, (route) => (isIll ? internal(route) : route.continue()));
  await page.getByRole("link", { name: "Groups" }).click();

  await seen(page.getByText(REQUEST_ID));
  await seen(page.getByRole("heading", { name: "Groups", level: 1 }));
  isIll = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await seen(page.getByRole("link", { name: "field pumps" }));
  await gone(page.getByText(REQUEST_ID));
});

test("what takes long shows that it is being asked for, then the answer", async () => {
  const { page } = await open("/settings");
  const answers = Promise.withResolvers<void>();
  await page.route(GROUPS, async (route) => {
    await answers.promise;
    await route.continue();
  });
  await page.getByRole("link", { name: "Groups" }).click();

  await seen(page.getByRole("heading", { name: "Groups", level: 1 }));
  await page
    .getByText(/^Loading /)
    .first()
    .waitFor({ state: "attached" });
  answers.resolve();
  await seen(page.getByRole("link", { name: "field pumps" }));
});

test("without a server the page says that it cannot be reached, and comes back by itself", async () => {
  const { page, expectProblem } = await open("/settings");
  expectProblem(/ERR_CONNECTION_REFUSED/);
  let isDown = true;
  await page.route(GROUPS, (route) =>
    isDown ? route.abort("connectionrefused") : route.continue(),
  );
  await page.getByRole("link", { name: "Groups" }).click();

  await seen(page.getByText("The server cannot be reached"));
  isDown = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await seen(page.getByRole("link", { name: "field pumps" }));
});

test("a browser whose clock is wrong is told so, and shows the server's times", async () => {
  const { page } = await open("/settings");
  await page.clock.install({ time: Date.now() + 3 * 3_600_000 });
  await page.reload();

  await seen(
    page.getByText(/Your clock is (?:3 h|2 h 5\d min) ahead; times here are the server's/),
  );
  await page.goto(`${shared.url}/deployments/${shared.facts.deployments.finished}`);
  const times = page.locator("time");
  await times.first().waitFor();
  for (const text of await times.allInnerTexts()) expect(text).not.toMatch(/in \d|hr\.|hour/);
});

test("a group cannot be created before its product is known, and the button says so", async () => {
  const { page } = await open("/settings");
  const answers = Promise.withResolvers<void>();
  await page.route(PRODUCTS, async (route) => {
    await answers.promise;
    await route.continue();
  });
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByRole("button", { name: "Create a group" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("pumps");

  const create = page.getByRole("button", { name: "Create the group" });
  await seen(create.getByText("the server has not said which products there are"));
  answers.resolve();
  await expect.poll(() => create.isEnabled()).toBe(true);
});
