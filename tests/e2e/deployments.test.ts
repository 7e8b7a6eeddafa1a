import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { present } from "@moult/base";
import { Plan, type DeploymentId } from "@moult/model";
import { expect, test } from "vitest";
import {
  addProduct,
  deploy,
  plan,
  untilDeployment,
  untilDevices,
} from "../../tools/console/fill-console.ts";
import { words } from "../../tools/local/moult-command.ts";
import { gone, seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

// From the form to the end, as people watch it: a good release, a bad one that stops itself, one that is ended.

const PUMPS = 20;
/** Long enough to be looked at. */
const STEP_MS = 400;

let pumps: Awaited<ReturnType<typeof addProduct>>;

const { world, open } = useOwnConsole(async (world) => {
  await world.moult.ok(words`artifact keygen --out release-key`);
  pumps = await addProduct(world, "pump", ["2.0", "3.0", "4.0", "5.0", "6.0"]);
  await world.startFleet({
    ...pumps,
    count: PUMPS,
    args: words`--interval 1 --step-ms ${String(STEP_MS)} --fail-version 3.0 --put-off-version 5.0`,
  });
  await untilDevices(world.client, "pump", PUMPS);
});

const stage = (number: number) => ({ name: `Stage ${number}` }) as const;

test("a good release is deployed from the form in stages, and watched until every device runs it", async () => {
  const { page } = await open("/deployments/new");
  await page.getByLabel("Release", { exact: true }).selectOption({ label: "pump 2.0 (prod)" });
  await page.getByRole("radio", { name: /^All/ }).check();
  await seen(page.getByText("devices match"));
  await page.getByRole("button", { name: `Create: ${PUMPS} devices` }).click();

  await seen(page.getByRole("heading", { level: 1, name: /2\.0/ }));
  await seen(page.getByRole("listitem", stage(1)));
  await seen(page.getByText("running").first());
  await page.getByText("finished", { exact: true }).first().waitFor({ timeout: 60_000 });
  await seen(page.getByText(/^All 20 devices reached 2\.0\.$/));
  await page.getByRole("link", { name: "Devices", exact: true }).last().click();
  await expect.poll(() => page.getByRole("row").count()).toBe(PUMPS + 1);
});

test("the history of a deployment is checked from its page, and a chain that was changed is said to be broken", async () => {
  const { items } = await world().client.call("listDeployments", { query: { limit: 1 } });
  const deploymentId = present(items[0], "the deployment of before").id;
  const { page } = await open(`/deployments/${deploymentId}/history`);

  await page.getByRole("button", { name: "Check that nothing was changed" }).click();
  await seen(page.getByText("chain verified"));
  // Created, 20 offers, 20 ends, the stages, the end.
  await seen(page.getByText(/^4\d entries, to/));

  // As somebody does it who has the server's disk.
  const tables = new DatabaseSync(join(world().server.dataFolder, "moult.sqlite"));
  tables
    .prepare("update event set at = at - 1 where deployment_id = ? and chain_number = 7")
    .run(deploymentId);
  tables.close();
  await page.getByRole("button", { name: "Check that nothing was changed" }).click();
  await seen(page.getByText("chain broken"));
  await seen(page.getByText(/^Entry 7 is not what was written/));
  await seen(page.getByText("It holds through entry 6."));
});

test("a bad release stops itself after its first device, and the page says why", async () => {
  const deploymentId = await deploy(world().client, pumps, "3.0", { plan: plan([5, 50, 100], 1) });
  const { page } = await open(`/deployments/${deploymentId}`);

  await page.getByText("stopped itself", { exact: true }).first().waitFor({ timeout: 60_000 });
  await seen(page.getByText(/Stopped itself at stage 1: 1 of 1 devices? failed; the limit is 1\./));
  const failing = page.getByRole("region", { name: /^Failing alike/ });
  await seen(failing.getByText(/health check failed|health-check-failed/i));
  await seen(failing.getByText("simulated failure"));
  const { tally } = await untilDeployment(world().client, deploymentId, "tripped");
  expect(tally.admitted).toBe(1);

  // From the number to the device, and to what it said.
  await failing.getByRole("link").first().click();
  await seen(page.getByRole("row").getByText("rolled back"));
});

test("ending a deployment says first what happens to whom, in the words of the server", async () => {
  const { client } = world();
  const deploymentId = (await deploy(client, pumps, "4.0", {
    plan: plan([5, 100], undefined, 2),
  })) as DeploymentId;
  const { page } = await open(`/deployments/${deploymentId}`);
  await page.getByRole("button", { name: "Pause…" }).click();
  await page
    .getByRole("alertdialog")
    .getByRole("button", { name: /^Pause/ })
    .click();
  await seen(page.getByText("paused", { exact: true }));

  await page.getByRole("button", { name: "Abort…" }).click();
  const dialog = page.getByRole("alertdialog");
  const params = { deploymentId };
  const rehearsed = await client.call("rehearseDeploymentChange", {
    params,
    query: { action: "abort" },
  });
  await seen(dialog.getByText(rehearsed.sentence.slice(0, 60)));
  // The safe answer has the focus; nothing else confirms.
  await page.keyboard.press("Enter");
  await gone(dialog);
  expect((await client.call("showDeployment", { params })).state).toBe("paused");

  await page.getByRole("button", { name: "Abort…" }).click();
  await dialog.getByRole("button", { name: /^Abort/ }).click();
  await seen(page.getByText("aborted", { exact: true }));
  expect(await page.getByRole("button", { name: "Abort…" }).count()).toBe(0);
});

test("whoever has no mouse stops a deployment too: the question begins on the safe answer", async () => {
  const { client } = world();
  const deploymentId = (await deploy(client, pumps, "4.0", {
    plan: plan([100], undefined, 1),
  })) as DeploymentId;
  const { page } = await open(`/deployments/${deploymentId}`);
  await seen(page.getByRole("button", { name: "Abort…" }));
  const focusedText = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  const tabTo = async (name: RegExp) => {
    for (let step = 0; step < 60 && !name.test(await focusedText()); step += 1)
      await page.keyboard.press("Tab");
    expect(await focusedText()).toMatch(name);
  };

  await tabTo(/^Abort…/);
  await page.keyboard.press("Enter");
  await seen(page.getByRole("alertdialog"));
  await expect.poll(focusedText).toBe("Cancel");
  // It can be pressed once the server has said what that does.
  await seen(
    page.getByRole("alertdialog").getByRole("button", { name: /^Abort/, disabled: false }),
  );
  await tabTo(/^Abort/);
  await page.keyboard.press("Enter");
  await gone(page.getByRole("alertdialog"));
  await seen(page.getByText("aborted", { exact: true }));
  // The button that had the focus is gone; the focus is not.
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
});

test("devices that put their update off say why, on the deployment's page and on their own", async () => {
  const { client } = world();
  const deploymentId = (await deploy(client, pumps, "5.0", {
    plan: plan([100], undefined, 2),
  })) as DeploymentId;
  const { page } = await open(`/deployments/${deploymentId}/devices`);
  const why = "The device waits before it installs: The device is busy.";
  const row = page.getByRole("row").filter({ hasText: why }).first();
  await seen(row);
  await seen(row.getByText("waits", { exact: false }).first());

  await row.getByRole("link").first().click();
  const update = page.getByRole("region", { name: "Its update to 5.0" });
  await seen(update.getByText(why));
  await seen(update.getByText(/goes on by itself/));
  const reasons = page.getByRole("region", { name: "Why not?" });
  await seen(reasons.getByText(`The update to 5.0 is put off. ${why}`));
  await expect.poll(() => page.getByText(/waits before it installs/).count()).toBeGreaterThan(2);

  // One of them gives it up: it ends, and the others go on.
  await page.goto(`${world().server.url}/deployments/${deploymentId}/devices`);
  await seen(row);
  const name = (await row.getByRole("link").first().textContent()) ?? "";
  await row.getByRole("button", { name: `Cancel the update… ${name}` }).click();
  const dialog = page.getByRole("alertdialog");
  await seen(dialog.getByText(/keeps what it runs/));
  await dialog.getByRole("button", { name: "Cancel the update" }).click();
  await gone(dialog);
  const cancelled = page.getByRole("row").filter({ hasText: name });
  await seen(cancelled.getByText("cancelled", { exact: true }));
  await client.call("abortDeployment", { params: { deploymentId } });
});

test("a device is sent ahead of its stage, and a person opens the next one; the history names both", async () => {
  const { client } = world();
  const deploymentId = (await deploy(client, pumps, "6.0", {
    plan: Plan.parse({
      stages: [{ size: { count: 2 }, advance: { manual: true } }, { size: { remaining: true } }],
      limits: { concurrentMax: 5 },
    }),
  })) as DeploymentId;
  const params = { deploymentId };
  const { page } = await open(`/deployments/${deploymentId}/devices?show=waiting`);
  const ahead = page.getByRole("row").filter({ hasText: "stage 2" }).first();
  await seen(ahead);
  const name = (await ahead.getByRole("link").first().textContent()) ?? "";
  await page.getByRole("button", { name: `Send ahead… ${name}`, exact: true }).click();
  const dialog = page.getByRole("alertdialog");
  await seen(dialog.getByText(/whatever stage is open/));
  await dialog.getByRole("button", { name: "Send ahead" }).click();
  await gone(dialog);
  await expect
    .poll(async () => {
      const { items } = await client.call("listAssignments", { params, query: {} });
      return items.find(({ deviceName }) => deviceName === name)?.outcome;
    })
    .toBe("succeeded");
  expect((await client.call("showDeployment", { params })).stage).toBe(0);

  await page.getByRole("link", { name: "Now", exact: true }).click();
  await seen(page.getByRole("region", { name: "Limits in use" }).getByText(/of 5 at once/));
  await seen(page.getByText(/person/).first());
  await page.getByRole("button", { name: "Open stage 2…" }).click();
  await seen(dialog.getByText(/^Stage 2 of 2 opens now: up to/));
  await dialog.getByRole("button", { name: "Open stage 2" }).click();
  await gone(dialog);
  await page.getByText("finished", { exact: true }).first().waitFor({ timeout: 60_000 });
  await page.getByRole("link", { name: "History", exact: true }).click();
  await page.getByLabel("Show").selectOption({ label: "What people and rules decided" });
  await seen(page.getByText(/^Admin opened stage 2 of/));
  await seen(page.getByText(new RegExp(`^Admin sent ${name} ahead`)));
});

test("what was brought is rolled back from its page, once it was said whom that takes back", async () => {
  const { client } = world();
  const { items } = await client.call("listDeployments", {
    query: { releaseId: present(pumps.releases["6.0"], "it was deployed") },
  });
  const { id: deploymentId, tally } = present(items[0], "6.0 was brought to all");
  const { page } = await open(`/deployments/${deploymentId}`);
  await page.getByRole("button", { name: "Roll back…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Roll back from 6.0?" });
  await dialog.getByRole("radio", { name: /All to a release/ }).check();
  await seen(dialog.getByRole("button", { name: /^Roll back.*choose a release first/ }));
  await dialog
    .getByLabel("Release", { exact: true })
    .selectOption(present(pumps.releases["2.0"], "it is here"));
  await seen(dialog.getByText(/that runs? 6\.0 goe?s? back to 2\.0\./));
  const button = dialog.getByRole("button", { name: /^Roll \d+ devices? back$/ });
  const count = Number(/\d+/.exec((await button.textContent()) ?? "")?.[0]);
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThanOrEqual(tally.succeeded);
  await button.click();
  await gone(dialog);

  await seen(page.getByText(/^Admin had its devices taken back to 2\.0/));
  await page.getByRole("link", { name: "deployment 1 of 1" }).click();
  await seen(page.getByRole("heading", { level: 1, name: "Back to 2.0 from 6.0" }));
  await page.getByText("finished", { exact: true }).first().waitFor({ timeout: 60_000 });
});

test("a device that failed gets its tries again on a person's word", async () => {
  const { client } = world();
  const deploymentId = (await deploy(client, pumps, "3.0", {
    plan: Plan.parse({
      stages: [{ size: { count: 1 }, advance: { manual: true } }, { size: { remaining: true } }],
    }),
  })) as DeploymentId;
  const { page } = await open(`/deployments/${deploymentId}/devices?state=closed`);
  const failed = page.getByRole("row").filter({ hasText: "rolled back" });
  await seen(failed);
  const params = { deploymentId };
  const tries = async () => {
    const { items } = await client.call("listAssignments", { params, query: {} });
    return items.map(({ outcome, attempts }) => ({ outcome, tries: attempts.length }));
  };
  const [before] = await tries();
  await failed.getByRole("button", { name: /^Retry…/ }).click();
  const dialog = page.getByRole("alertdialog");
  await seen(dialog.getByText(/gets all its tries again/));
  await dialog.getByRole("button", { name: "Retry" }).click();
  await gone(dialog);

  await expect.poll(tries).toEqual([{ outcome: "rolled-back", tries: (before?.tries ?? 0) + 1 }]);
  await seen(failed.getByRole("cell", { name: "2", exact: true }));
  await client.call("abortDeployment", { params });
});

test("one person aborts what another looks at: the page follows, and its buttons go", async () => {
  const { client } = world();
  const deploymentId = (await deploy(client, pumps, "4.0", {
    plan: plan([100], undefined, 1),
  })) as DeploymentId;
  const { page } = await open(`/deployments/${deploymentId}`);
  await page.getByRole("button", { name: "Pause…" }).click();
  const dialog = page.getByRole("alertdialog");
  await seen(dialog);
  await client.call("abortDeployment", { params: { deploymentId } });

  // The question has lost its object: it cannot be confirmed any more.
  await expect
    .poll(() => dialog.getByRole("button", { name: /^Pause/ }).getAttribute("aria-disabled"))
    .toBe("true");
  await page.keyboard.press("Escape");
  await seen(page.getByText("aborted", { exact: true }));
});
