import { present } from "@moult/base";
import type { ProductName } from "@moult/model";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { untilDevices } from "../../tools/console/fill-console.ts";
import { words } from "../../tools/local/moult-command.ts";
import { gone, seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

// Which devices are meant, said in a query: in the list, in its address, and as a group.

const product = "pump" as ProductName;
const COUNT = 6;
const { world, open } = useOwnConsole(async ({ client, startFleet }) => {
  await client.call("createProduct", { body: { name: product } });
  await startFleet({
    product,
    hardwareType: "pump-board",
    count: COUNT,
    args: words`--interval 3600`,
  });
  await untilDevices(client, product, COUNT);
  const { items } = await client.call("listDevices", { query: { product } });
  for (const [index, { id }] of items.entries())
    await client.call("renameDevice", {
      params: { deviceId: id },
      body: { name: index < 2 ? `roof ${index}` : `cellar ${index}` },
    });
});

const addressed = (page: Page) => new URL(page.url()).searchParams.get("query");
const box = (page: Page) => page.getByRole("textbox", { name: "Query" });
const rowsOf = (page: Page) => page.getByRole("link", { name: /^(roof|cellar) \d/ });

test("a query finds its devices, stands in the address, and is there again after a reload", async () => {
  const { page } = await open("/devices");
  await box(page).fill("name = roof* AND state = accepted");

  await expect.poll(() => rowsOf(page).count()).toBe(2);
  await seen(page.getByText(`2 of ${COUNT} devices`));
  expect(addressed(page)).toBe("name = roof* AND state = accepted");
  await page.reload();
  await expect.poll(() => rowsOf(page).count()).toBe(2);
  expect(await box(page).inputValue()).toBe("name = roof* AND state = accepted");

  await box(page).fill("");
  await expect.poll(() => rowsOf(page).count()).toBe(COUNT);
  expect(addressed(page)).toBeNull();
});

test("what is no query is said under the box with its place, and the list stays as it was", async () => {
  const { page } = await open("/devices?query=name+%3D+roof*");
  await expect.poll(() => rowsOf(page).count()).toBe(2);
  await box(page).fill("name = roof* and state = accepted");

  await seen(page.getByText("At character 14 of the query: expected AND, OR or the end."));
  expect(await box(page).getAttribute("aria-invalid")).toBe("true");
  expect(await rowsOf(page).count()).toBe(2);
  expect(addressed(page)).toBe("name = roof*");

  await box(page).fill("name = cellar*");
  await gone(page.getByText(/^At character/));
  await expect.poll(() => rowsOf(page).count()).toBe(COUNT - 2);
});

test("an address with a query that is none lists nobody and says why", async () => {
  const { page } = await open("/devices?query=name+%3D%3D+roof");

  await seen(page.getByText("At character 7 of the query: expected a value."));
  await seen(page.getByText("The address has a query that is none"));
  expect(await rowsOf(page).count()).toBe(0);
});

test("a query is made a group, whose devices come and go by themselves", async () => {
  const { page } = await open("/devices?query=name+%3D+roof*");
  await page.getByRole("button", { name: "Make it a group" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("roofs");
  await page.getByRole("button", { name: "Create the group" }).click();

  await seen(page.getByRole("heading", { name: "roofs", level: 1 }));
  await seen(page.getByText(`2 devices of ${product}`));
  await seen(page.getByRole("button", { name: "Change" }));
  expect(await page.getByRole("button", { name: "Add devices" }).count()).toBe(0);

  const { items } = await world().client.call("listDevices", { query: { search: "cellar" } });
  const deviceId = present(items[0], "a device in the cellar").id;
  await world().client.call("renameDevice", { params: { deviceId }, body: { name: "roof 9" } });
  await page.reload();
  await seen(page.getByText(`3 devices of ${product}`));

  await page.getByRole("button", { name: "Change" }).click();
  await page.getByRole("textbox", { name: "Query" }).fill("name = cellar*");
  await page.getByRole("button", { name: "Change the group" }).click();
  await seen(page.getByText(`${COUNT - 3} devices of ${product}`));

  await page.goto(`${world().server.url}/devices/${items[1]?.id}/identity`);
  await seen(page.getByRole("link", { name: "roofs" }));
});
