import type { ProductName } from "@moult/model";
import { expect, test } from "vitest";
import { untilDevices } from "../../tools/console/fill-console.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { words } from "../../tools/local/moult-command.ts";
import { gone, seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

const COUNT = 130;
const gateway = { product: "gateway", hardwareType: "gateway-board", isPending: true } as const;
const query = { product: "gateway" as ProductName };
const WAIT = words`--interval 3600`;

const { world, open } = useOwnConsole(async ({ client, startFleet }) => {
  await client.call("createProduct", { body: { name: query.product } });
  await startFleet({ ...gateway, count: COUNT, args: WAIT });
  await untilDevices(client, gateway.product, COUNT);
  await untilPending(COUNT);
});

function untilPending(count: number) {
  return waitFor(
    `${count} devices to ask`,
    async () => {
      const { byState } = await world().client.call("countDevices", { query });
      return byState.pending === count || undefined;
    },
    60_000,
  );
}

test("two people decide about the same device: the second is told what the first did", async () => {
  const { items } = await world().client.call("listDevices", { query });
  const deviceId = items[0]?.id ?? "";
  const ada = await open(`/devices/${deviceId}`);
  const bob = await open(`/devices/${deviceId}`);
  await ada.page.getByRole("button", { name: "Accept" }).click();
  await seen(ada.page.getByRole("dialog").or(ada.page.getByRole("alertdialog")));
  await bob.page.getByRole("button", { name: "Refuse" }).click();
  await bob.page
    .getByRole("button", { name: /^Refuse/ })
    .last()
    .click();
  await seen(bob.page.getByText("refused").first());

  // Ada's page has heard of it: whatever she does now, she does it knowing.
  await seen(ada.page.getByText("refused").first());
});

test("whoever decides by keyboard stands on the next row when the decided one goes", async () => {
  const { page } = await open("/devices?product=gateway&state=pending");
  const rows = page.getByRole("row");
  const next = await rows.nth(3).getByRole("link").first().textContent();
  await rows.nth(2).getByRole("button", { name: "Refuse" }).focus();
  await page.keyboard.press("Enter");
  const question = page.getByRole("alertdialog");
  await seen(question.getByRole("button", { name: "Cancel" }).and(page.locator(":focus")));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");

  await gone(question);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(next);
});

test("all that match are accepted at once, after the server has said what that does", async () => {
  const { page, expectProblem } = await open("/devices?product=gateway&state=pending");
  expectProblem(/bulk-changes.* 409|status of 409/);
  await page.getByRole("checkbox", { name: "Select this page" }).check();
  await seen(page.getByText("100 selected"));
  await page.getByRole("button", { name: `Select all ${COUNT - 2} matching` }).click();
  await seen(page.getByText(`${COUNT - 2} selected`));
  await page
    .getByRole("region", { name: "Selected devices" })
    .getByRole("button", { name: "Accept" })
    .click();

  const dialog = page.getByRole("alertdialog");
  await seen(dialog.getByRole("heading", { name: `Accept ${COUNT - 2} devices?` }));
  // Another one asks to join while she reads.
  await world().startFleet({ ...gateway, count: COUNT + 1, args: [...WAIT, "--once"] });
  await untilPending(COUNT - 1);
  await dialog.getByRole("button", { name: `Accept ${COUNT - 2} devices` }).click();
  await seen(dialog.getByRole("alert"));
  await dialog.getByRole("button", { name: `Accept ${COUNT - 1} devices` }).click();

  await gone(dialog);
  await waitFor(
    "all to be accepted",
    async () => {
      const { byState } = await world().client.call("countDevices", { query });
      return byState.accepted === COUNT - 1 || undefined;
    },
    30_000,
  );
  // The line above the list hears of the end, and the list empties with it.
  await seen(page.getByText(`${COUNT - 1} devices changed.`));
  await seen(page.getByText(/No device matches|No devices yet/));
});
