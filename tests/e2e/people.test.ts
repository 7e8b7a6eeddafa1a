import type { Page } from "playwright-core";
import { present } from "@moult/base";
import { expect, test } from "vitest";
import { addProduct, untilDevices } from "../../tools/console/fill-console.ts";
import { words } from "../../tools/local/moult-command.ts";
import { gone, seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

// Three people in three windows: one invites and deploys, the two others let it begin.

const PUMPS = 5;
const PASSWORD = "feathers, yet again";
const BOB = { email: "bob@example.org", password: PASSWORD };
const CY = { email: "cy@example.org", password: PASSWORD };
/** Whoever has not signed in, or may not any more, asks in vain. */
const UNKNOWN = /\/api\/v1\/.* 401|status of 401/;
const NAME_TAKEN = /acceptance 409|status of 409/;

const { world, open } = useOwnConsole(async (world) => {
  await world.moult.ok(words`artifact keygen --out release-key`);
  const pumps = await addProduct(world, "pump", ["2.0"]);
  await world.startFleet({
    ...pumps,
    count: PUMPS,
    args: words`--interval 1 --step-ms 50`,
  });
  await untilDevices(world.client, "pump", PUMPS);
});

async function invite(page: Page, email: string): Promise<string> {
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill(email);
  await dialog.getByRole("button", { name: "Create the link" }).click();
  const link = await dialog.getByLabel("Link", { exact: true }).inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();
  return link;
}

async function accept(link: string, name: string): Promise<Page> {
  const { pathname, hash } = new URL(link);
  const { page, expectProblem } = await open(pathname + hash, { person: null });
  expectProblem(UNKNOWN);
  expectProblem(NAME_TAKEN);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Accept the invitation" }).click();
  return page;
}

const deploymentId = async (): Promise<string> => {
  const { items } = await world().client.call("listDeployments", { query: { limit: 1 } });
  return present(items[0], "the deployment").id;
};
const offered = async (): Promise<number> => {
  const params = { deploymentId: (await deploymentId()) as never };
  return (await world().client.call("listAssignments", { params })).items.length;
};

test("somebody who is invited takes the place by the link, and whoever invited sees them come", async () => {
  const { page } = await open("/settings/people");
  const link = await invite(page, BOB.email);
  await seen(page.getByRole("table", { name: "Invitations" }).getByText(BOB.email));

  const bob = await accept(link, "Bob");

  await seen(bob.getByRole("heading", { level: 1, name: "Overview" }));
  expect(bob.url()).not.toContain("mi_");
  await seen(page.getByRole("table", { name: "People" }).getByText(BOB.email));
  await seen(page.getByText("Nobody is invited"));
  await bob.goto(`${world().server.url}/settings/people`);
  await seen(bob.getByText("Administrators see and change who works here"));

  const cy = await accept(await invite(page, CY.email), "bob");
  await seen(cy.getByRole("alert").getByText(/called that already/));
  await cy.getByLabel("Your name").fill("Cy");
  await cy.getByRole("button", { name: "Accept the invitation" }).click();
  await seen(cy.getByRole("heading", { level: 1, name: "Overview" }));
});

test("a link that was taken says so", async () => {
  const { page: admin } = await open("/settings/people");
  const link = await invite(admin, "dee@example.org");
  await admin.getByRole("button", { name: "Revoke the invitation of dee@example.org" }).click();
  await seen(admin.getByText("Nobody is invited"));
  const { pathname, hash } = new URL(link);
  const { page, expectProblem } = await open(pathname + hash, { person: null });
  expectProblem(/invitation.* 403|status of 403/);

  await seen(page.getByRole("alert").getByText(/accepted or revoked/));
});

test("a stage that two named people have to approve opens with the second, and not for whoever made it", async () => {
  const { page } = await open("/deployments/new?target=all&plan=fast");
  await page.getByLabel("Release", { exact: true }).selectOption({ label: "pump 2.0 (prod)" });
  await page.getByRole("button", { name: "Change it" }).click();
  const first = page.getByRole("listitem", { name: "Stage 1", exact: true });
  await first.getByRole("checkbox", { name: "Other people approve it first" }).check();
  const about = first.getByRole("list", { name: "About who approves stage 1" });
  await first.getByLabel("How many").fill("3");
  await seen(about.getByText(/only 2 could/));
  await first.getByLabel("How many").fill("2");
  await gone(about);
  await first.getByRole("checkbox", { name: /^Bob \(bob@example\.org, operator\)$/ }).check();
  await first.getByRole("checkbox", { name: /^Cy/ }).check();
  await page.getByRole("button", { name: `Create: ${PUMPS} devices` }).click();
  await seen(page.getByText(/once 2 people have approved it \(0 so far\)/).first());
  await seen(page.getByRole("button", { name: /Approve stage 1.*the plan asks others/ }));

  const path = `/deployments/${await deploymentId()}`;
  const approve = async (person: typeof BOB): Promise<Page> => {
    const { page: theirs } = await open(path, { person });
    await theirs.getByRole("button", { name: "Approve stage 1…" }).click();
    await theirs.getByRole("alertdialog").getByRole("button", { name: "Approve" }).click();
    await seen(theirs.getByText(/^Approved stage 1$/).first());
    return theirs;
  };
  const bobs = await approve(BOB);
  await seen(page.getByText(/\(1 so far\)/).first());
  await seen(bobs.getByRole("button", { name: "Withdraw my approval…" }));
  expect(await offered()).toBe(0);

  await approve(CY);

  await page.getByText(`All ${PUMPS} devices reached 2.0.`).first().waitFor({ timeout: 60_000 });
  await seen(page.getByText("approved by Bob"));
  await seen(page.getByText("approved by Cy"));
});

test("whoever is removed has no window left that works, and the activity says who did it", async () => {
  const { page: bobs, expectProblem } = await open("/devices", { person: BOB });
  expectProblem(UNKNOWN);
  const { page } = await open("/settings/people");
  await page.getByRole("button", { name: "Remove Bob", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove Bob" }).click();
  await gone(page.getByRole("table", { name: "People" }).getByText(BOB.email));

  await bobs.getByRole("link", { name: "Releases" }).click();
  await seen(bobs.getByRole("dialog").getByLabel("Password"));

  await page.getByRole("button", { name: "Change the role of Cy" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Role").selectOption({ label: "viewer: sees everything" });
  await dialog.getByRole("button", { name: "Change the role" }).click();
  await seen(page.getByRole("table", { name: "People" }).getByText("viewer", { exact: true }));
  await page.goto(`${world().server.url}/activity`);
  await seen(page.getByText("Admin removed Bob (bob@example.org)."));
  await seen(page.getByText("Admin made Cy (cy@example.org) viewer instead of operator."));
});
