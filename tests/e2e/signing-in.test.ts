import { test, expect } from "vitest";
import { ADMINISTRATOR } from "../../tools/local/administrator.ts";
import { seen, useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

const shared = await sharedConsole();
const open = useBrowser(() => shared);

/** Whoever has not signed in asks in vain who he is. */
const UNKNOWN =
  /\/api\/v1\/me.* 401|status of 401 .*\/api\/v1\/(?:me|session)|\/api\/v1\/session 401/;

test("who has not signed in comes to the sign-in, and from there to the page that was asked for", async () => {
  const { page, expectProblem } = await open("/devices?state=pending", { person: null });
  expectProblem(UNKNOWN);
  await page.getByLabel("E-mail address").fill(ADMINISTRATOR.email);
  await page.getByLabel("Password").fill(ADMINISTRATOR.password);
  await page.getByRole("button", { name: "Sign in" }).click();

  await seen(page.getByRole("heading", { name: "Devices", level: 1 }));
  expect(new URL(page.url()).search).toBe("?state=pending");
});

test("a wrong password is refused without a word about which half was wrong", async () => {
  const { page, expectProblem } = await open("/sign-in", { person: null });
  expectProblem(UNKNOWN);
  await page.getByLabel("E-mail address").fill(ADMINISTRATOR.email);
  await page.getByLabel("Password").fill("feathers, all at once");
  await page.getByRole("button", { name: "Sign in" }).click();

  await seen(page.getByRole("alert"));
  expect(await page.getByRole("alert").innerText()).toMatch(/e-mail|password/i);
  expect(new URL(page.url()).pathname).toBe("/sign-in");
  expect(await page.getByLabel("E-mail address").inputValue()).toBe(ADMINISTRATOR.email);
});

test("after signing out the pages are closed, also to the back button", async () => {
  const { page, expectProblem } = await open("/devices");
  expectProblem(UNKNOWN);
  await page.getByRole("button", { name: "Admin" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await seen(page.getByRole("heading", { name: "Sign in" }));

  await page.goBack();
  await seen(page.getByRole("heading", { name: "Sign in" }));
  expect(await page.getByRole("navigation").count()).toBe(0);
});
