import type { ProductName } from "@moult/model";
import { expect, test } from "vitest";
import { ADMINISTRATOR } from "../../tools/local/administrator.ts";
import { gone, seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

// Pages that stay open: they follow what happens, and say when they cannot.

const product = "pump" as ProductName;
const { world, open } = useOwnConsole(async ({ client }) => {
  await client.call("createProduct", { body: { name: product } });
});

const createGroup = (name: string) =>
  world().client.call("createGroup", { body: { name, product } });

test("what somebody else does appears by itself", async () => {
  const { page } = await open("/groups");
  await seen(page.getByText("No groups yet"));
  await createGroup("made elsewhere");

  await seen(page.getByRole("link", { name: "made elsewhere" }));
});

test("two tabs share what they hear; when one is closed the other goes on", async () => {
  const first = await open("/groups");
  await seen(first.page.getByRole("link", { name: "made elsewhere" }));
  const second = await open("/groups", { beside: first.page });
  await seen(second.page.getByRole("link", { name: "made elsewhere" }));
  await createGroup("for both");
  await seen(first.page.getByRole("link", { name: "for both" }));
  await seen(second.page.getByRole("link", { name: "for both" }));

  await first.page.close();
  await createGroup("for the one that stays");
  await seen(second.page.getByRole("link", { name: "for the one that stays" }));
});

test("a session that ends over a half-written form is renewed over the page, and the text is still there", async () => {
  const { page, context, expectProblem } = await open("/groups");
  expectProblem(/401/);
  await page.getByRole("button", { name: "Create a group" }).click();
  await page.getByLabel("Name").fill("typed before the end");
  await endSession(await context.cookies());
  await page
    .getByRole("button", { name: /^Create/ })
    .last()
    .click();

  await seen(page.getByRole("dialog", { name: "Sign in again" }));
  await page.getByLabel("Password").fill(ADMINISTRATOR.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await gone(page.getByRole("dialog", { name: "Sign in again" }));
  expect(await page.getByLabel("Name").inputValue()).toBe("typed before the end");

  await page
    .getByRole("button", { name: /^Create/ })
    .last()
    .click();
  await seen(page.getByRole("heading", { name: "typed before the end", level: 1 }));
});

async function endSession(cookies: readonly { readonly name: string; readonly value: string }[]) {
  const { url } = world().server;
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const response = await fetch(`${url}/api/v1/session`, {
    method: "DELETE",
    headers: { cookie, origin: url },
  });
  expect(response.ok).toBe(true);
}

test("a stream that is cut is opened again, and what happened meanwhile is there", async () => {
  const { page, expectProblem } = await open("/groups", { person: null });
  expectProblem(/ERR_|401/);
  // Answers come, the stream does not: a proxy that buffers, a firewall that forgets.
  let isCut = true;
  await page.route(/\/api\/v1\/changes/, (route) =>
    isCut ? route.abort("connectionreset") : route.continue(),
  );
  await page.getByLabel("E-mail address").fill(ADMINISTRATOR.email);
  await page.getByLabel("Password").fill(ADMINISTRATOR.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await seen(page.getByText(/^Not live\. What you see is from \d/));
  await createGroup("while the stream was cut");
  isCut = false;

  await gone(page.getByText(/^Not live/));
  await seen(page.getByRole("link", { name: "while the stream was cut" }));
});

/** How the browser says that nobody answered. */
const NOBODY =
  /ERR_(?:CONNECTION_REFUSED|CONNECTION_RESET|CONNECTION_CLOSED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;

test("while the server is away the page says from when it is; then it is live again and fresh", async () => {
  const { page, expectProblem } = await open("/groups");
  expectProblem(NOBODY);
  await seen(page.getByRole("link", { name: "made elsewhere" }));
  await createGroup("before the restart");
  await seen(page.getByRole("link", { name: "before the restart" }));

  await world().server.stop();
  await seen(page.getByText(/^Not live\. What you see is from \d/));
  expect(await page.getByRole("link", { name: "before the restart" }).count()).toBe(1);
  await world().restart();
  await createGroup("after the restart");

  await gone(page.getByText(/^Not live/));
  await seen(page.getByRole("link", { name: "after the restart" }));
});
