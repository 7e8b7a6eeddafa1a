import { Plan } from "@moult/model";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { gone, seen, useBrowser } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

// Nothing is created here: what the JSON says is what would be sent.

const shared = await sharedConsole();
const open = useBrowser(() => shared, { keepsWindow: true });

const openForm = (plan: "own" | "fast") =>
  open(`/deployments/new?releaseId=${shared.facts.releases.plain}&target=all&plan=${plan}`);
const stage = (page: Page, number: number) =>
  page.getByRole("listitem", { name: `Stage ${number}`, exact: true });

test("a plan of one's own is written part by part, said back in words, and is its own JSON", async () => {
  const { page } = await openForm("fast");
  await page.getByRole("button", { name: "Change it" }).click();
  await page.getByRole("button", { name: "Add a stage" }).click();
  await stage(page, 1).getByLabel("Up to %").fill("5");
  await stage(page, 1).getByLabel("Not before", { exact: true }).fill("2");
  await stage(page, 1).getByRole("checkbox", { name: "A person opens it" }).check();
  await stage(page, 2).getByLabel("Reaches").selectOption({ label: "a number of devices" });
  await stage(page, 2).getByLabel("Up to devices").fill("12");
  await stage(page, 2).getByRole("checkbox", { name: "It begins slowly and goes faster" }).check();
  await stage(page, 2).getByLabel("Times").fill("1.5");
  await stage(page, 2).getByLabel("Devices", { exact: true }).selectOption("offered");
  await stage(page, 3).getByRole("checkbox", { name: "timed out" }).uncheck();
  await page.getByLabel("At once, at most").fill("4");
  await page.getByLabel("Started in any minute, at most").fill("2");
  await page.getByRole("textbox", { name: "Offered in any 24 hours, at most" }).fill("1.5");
  await page.getByLabel("Priority", { exact: true }).fill("8");
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
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  const written: unknown = JSON.parse(await page.getByLabel("Plan as JSON").inputValue());
  const stop = { percent: 10, sampleMin: 3 };
  expect(Plan.parse(written)).toEqual(
    Plan.parse({
      priority: 8,
      stages: [
        {
          size: { percent: 5 },
          advance: { successPercent: 90, afterSeconds: 7_200, manual: true },
          errorStop: stop,
        },
        {
          size: { count: 12 },
          ramp: { perMinute: 1, factor: 1.5, every: { offered: 10 }, perMinuteMax: 50 },
          advance: { successPercent: 90 },
          errorStop: stop,
        },
        {
          size: { remaining: true },
          errorStop: { ...stop, kinds: ["failed", "rolled-back", "rejected", "silent"] },
        },
      ],
      limits: { concurrentMax: 4, perMinute: 2, bytesPerDay: 1_500_000_000 },
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
      onTrip: "roll-back",
    }),
  );
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
    page.getByRole("group", { name: "A mistake" }).getByText("Not part of a plan: speed."),
  );
});

test("the plan of a deployment says itself in words, and another deployment starts from it", async () => {
  const { page } = await open(`/deployments/${shared.facts.deployments.finished}/plan`);
  const limit = page.getByText(/^At most [\d,]+ devices? (?:is|are) in the update/);
  const [concurrentMax] = /[\d,]+/.exec((await limit.textContent()) ?? "") ?? [];
  await page.getByRole("button", { name: "New deployment with this plan" }).click();

  await expect.poll(() => page.getByLabel("At once, at most").inputValue()).toBe(concurrentMax);
});
