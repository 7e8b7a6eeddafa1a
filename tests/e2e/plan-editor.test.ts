import { Plan, type DeploymentId } from "@moult/model";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { addProduct, deploy, untilDevices } from "../../tools/console/fill-console.ts";
import { words } from "../../tools/local/moult-command.ts";
import { gone, seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

const PUMPS = 20;
let pumps: Awaited<ReturnType<typeof addProduct>>;

const { world, open } = useOwnConsole(async (world) => {
  await world.moult.ok(words`artifact keygen --out release-key`);
  pumps = await addProduct(world, "pump", ["2.0", "3.0"]);
  await world.startFleet({
    ...pumps,
    count: PUMPS,
    // They ask at once, and then no more: what is deployed waits for them, and nothing moves under the tests.
    args: words`--interval 3600`,
  });
  await untilDevices(world.client, "pump", PUMPS);
});

const openForm = (plan: "own" | "fast") =>
  open(`/deployments/new?releaseId=${pumps.releases["2.0"] ?? ""}&target=all&plan=${plan}`);
const stage = (page: Page, number: number) =>
  page.getByRole("listitem", { name: `Stage ${number}`, exact: true });

test("a plan of one's own is written part by part, said back in words, and is what the deployment follows", async () => {
  const { page } = await openForm("fast");
  await page.getByRole("button", { name: "Change it" }).click();
  await page.getByRole("button", { name: "Add a stage" }).click();
  await stage(page, 1).getByLabel("Up to %").fill("5");
  await stage(page, 1).getByLabel("Not before", { exact: true }).fill("2");
  await stage(page, 1).getByRole("checkbox", { name: "A person opens it" }).check();
  await stage(page, 2).getByLabel("Reaches").selectOption({ label: "a number of devices" });
  await stage(page, 2).getByLabel("Up to devices").fill("12");
  await stage(page, 3).getByRole("checkbox", { name: "timed out" }).uncheck();
  await page.getByLabel("At once, at most").fill("4");
  await page.getByLabel("Started in any minute, at most").fill("2");
  await page.getByLabel("Tries", { exact: true }).fill("3");
  await page.getByRole("textbox", { name: "Between them" }).fill("1.5");
  await page.getByLabel("Never after these failures").fill("wrong-board, too-old");
  await page.getByRole("radio", { name: /^Updated devices go back/ }).check();

  await page.getByRole("button", { name: "Add a window" }).click();
  const night = page.getByRole("listitem", { name: "Window 1", exact: true });
  await night.getByLabel("Opens at").fill("22:30");
  await night.getByRole("textbox", { name: "Is open for" }).fill("1.5");
  await night.getByRole("checkbox", { name: "Sun" }).uncheck();
  await night.getByLabel("Zone").fill("Europe/Berlin");

  const said = page.getByRole("list", { name: "The plan in words" });
  await seen(
    said.getByText(/^Stage 1: 5 %\..* 2 h or more after it opened, and a person opens it/),
  );
  await seen(said.getByText(/^Stage 2: up to 12 devices/));
  await seen(said.getByText(/3 tries, 90 min apart .* after wrong-board or too-old/));
  // Nothing is here that they could go back to: the server says so where it was chosen.
  await seen(page.getByRole("list", { name: "About what happens then" }).getByText(/1\.0/));
  await page.getByRole("radio", { name: /^Who installs gives it up too/ }).check();
  await page.getByRole("button", { name: `Create: ${PUMPS} devices` }).click();

  await page.waitForURL(/deployments\/[0-9a-f-]{36}/);
  const deploymentId = new URL(page.url()).pathname.split("/").at(-1) as DeploymentId;
  const { plan } = await world().client.call("showDeployment", { params: { deploymentId } });
  const stop = { percent: 10, sampleMin: 3 };
  expect(plan).toEqual(
    Plan.parse({
      stages: [
        {
          size: { percent: 5 },
          advance: { successPercent: 90, afterSeconds: 7_200, manual: true },
          errorStop: stop,
        },
        { size: { count: 12 }, advance: { successPercent: 90 }, errorStop: stop },
        {
          size: { remaining: true },
          errorStop: { ...stop, kinds: ["failed", "rolled-back", "rejected", "silent"] },
        },
      ],
      limits: { concurrentMax: 4, perMinute: 2 },
      windows: [
        {
          for: ["download"],
          days: ["mon", "tue", "wed", "thu", "fri", "sat"],
          at: "22:30",
          durationMinutes: 90,
          zone: "Europe/Berlin",
        },
      ],
      retry: { attemptsMax: 3, backoffSeconds: 5_400, neverOn: ["wrong-board", "too-old"] },
      onTrip: "cancel-all",
    }),
  );
  await world().client.call("abortDeployment", { params: { deploymentId } });
});

test("a mistake stands at its field, and nothing can be created until it is mended", async () => {
  const { page } = await openForm("own");
  const size = stage(page, 1).getByLabel("Up to %");
  await size.fill("500");

  await seen(stage(page, 1).getByText("At most 100."));
  expect(await size.getAttribute("aria-invalid")).toBe("true");
  await seen(page.getByRole("button", { name: /^Create.*the plan has a mistake/ }));
  await size.fill("1.05");
  await gone(stage(page, 1).getByText("At most 100."));
  expect(await size.inputValue()).toBe("1.05");
});

test("what the checker finds stands at the part it is about, and goes when that is mended", async () => {
  const { page } = await openForm("own");
  const failures = stage(page, 2).getByRole("checkbox", { name: "Failures stop it" });
  await failures.uncheck();

  const about = stage(page, 2).getByRole("list", { name: "About when stage 2 stops" });
  await seen(about.getByText("Failures do not stop stage 2."));
  await failures.check();
  await gone(about);
});

test("the plan as JSON is the same plan: what is pasted is in the form, and what is broken changes nothing", async () => {
  const { page } = await openForm("own");
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  const json = page.getByLabel("Plan as JSON");
  const pasted = {
    stages: [{ size: { count: 3 } }, { size: { remaining: true } }],
    limits: { concurrentMax: 7 },
  };
  await json.fill(JSON.stringify(pasted));
  await json.fill(`${JSON.stringify(pasted)} and more`);

  await seen(page.getByText(/^Not JSON yet/));
  await page.getByRole("button", { name: "Form", exact: true }).click();
  await expect.poll(() => page.getByLabel("At once, at most").inputValue()).toBe("7");
  expect(await stage(page, 1).getByLabel("Up to devices").inputValue()).toBe("3");

  await page.getByRole("button", { name: "JSON", exact: true }).click();
  await json.fill(JSON.stringify({ ...pasted, speed: "high" }));
  await seen(
    page.getByRole("region", { name: "A mistake" }).getByText("Not part of a plan: speed."),
  );
});

test("the plan of a deployment says itself in words, and another deployment starts from it", async () => {
  const deploymentId = (await deploy(world().client, pumps, "3.0", {
    plan: Plan.parse({
      stages: [{ size: { count: 2 }, advance: { manual: true } }, { size: { remaining: true } }],
      limits: { concurrentMax: 9 },
    }),
  })) as DeploymentId;
  const { page } = await open(`/deployments/${deploymentId}/plan`);
  await seen(page.getByText("At most 9 devices are in the update at the same time."));
  await page.getByRole("button", { name: "New deployment with this plan" }).click();

  await expect.poll(() => page.getByLabel("At once, at most").inputValue()).toBe("9");
  expect(await stage(page, 1).getByLabel("Up to devices").inputValue()).toBe("2");
  await world().client.call("abortDeployment", { params: { deploymentId } });
});
