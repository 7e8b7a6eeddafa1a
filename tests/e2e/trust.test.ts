import type { TrustMetadata, TrustProposalId } from "@moult/model";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { instant, present } from "@moult/base";
import { newRole } from "@moult/signing";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import * as z from "zod";
import { axeFindings } from "../../tools/console/axe-findings.ts";
import { settled } from "../../tools/console/console-screens.ts";
import { plan } from "../../tools/console/fill-console.ts";
import { HOSTILE_NAMES, HOSTILE_NOTES } from "../../tools/console/hostile-texts.ts";
import { words } from "../../tools/local/moult-command.ts";
import { gone, seen, widthOver } from "./console-page.fixture.ts";
import { PRODUCT, startAgent, uploadArtifact, useSignedConsole } from "./signed-console.fixture.ts";

// From a server without signing to a signed release, with the real command line tool beside the console: people sign there,
// and see here what became of it. The tests build on each other.

const { world, open } = useSignedConsole();

const ROLE = `${PRODUCT}.prod`;
const Outcome = z.object({ proposalId: z.string(), published: z.boolean() });
const Status = z.object({ rootSha256: z.string() });

/** Axe in both themes, and nothing to be scrolled sideways on a phone. */
async function looked(page: Page): Promise<void> {
  await settled(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.evaluate(() => (document.documentElement.dataset["theme"] = "dark"));
  expect(await axeFindings(page, ["color-contrast"])).toEqual([]);
  await page.evaluate(() => delete document.documentElement.dataset["theme"]);
  await page.setViewportSize({ width: 320, height: 640 });
  await expect.poll(() => widthOver(page)).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

test("before signing is set up the page says what it is and gives the command; once it is done elsewhere the page shows it", async () => {
  const { page } = await open("/settings/trust");
  await seen(page.getByRole("heading", { name: "Signing is not set up yet" }));
  const command = page.getByLabel("command that sets up signing", { exact: true });
  await seen(command.getByText(`trust init --product ${PRODUCT}`));
  await looked(page);

  await world().moult.ok(words`trust init --product ${PRODUCT} --yes`);

  const roles = page.getByRole("table", { name: /^Roles/ });
  await seen(roles);
  await seen(roles.getByRole("row", { name: /^root .*2 of 3 keys/ }));
  await seen(roles.getByRole("row", { name: new RegExp(`^${PRODUCT}\\.prod .*2 of 2 keys`) }));
  await seen(roles.getByRole("row", { name: /^timestamp .*the server/ }));
  const { rootSha256 } = Status.parse(await world().moult.json(words`trust status`));
  const shown = await page.getByRole("img", { name: /^fingerprint/ }).getAttribute("aria-label");
  expect(shown?.split(": ")[1]?.replaceAll(" ", "")).toBe(rootSha256);
  await looked(page);
});

test("the whole id of a key is shown to whoever compares it", async () => {
  const { page } = await open("/settings/trust");
  const { roles } = await world().client.call("showTrust");
  const keyid = roles.find(({ name }) => name === "targets")?.keyids[0] ?? "";
  await page.getByRole("button", { name: "Whole ids of 1 key of targets" }).click();

  await seen(page.getByRole("list", { name: "Keys of targets" }).getByText(keyid));
});

let proposalId = "";

test("a proposal shows what would change, who could sign, and how to do it where the key is", async () => {
  const { moult } = world();
  const file = await uploadArtifact(world(), "1.0");
  const outcome = await moult.json([
    ...words`trust propose --product ${PRODUCT} ${file} --security-counter 7 --note`,
    "Mends the valve",
  ]);
  ({ proposalId } = Outcome.parse(outcome));
  const { page } = await open("/settings/trust");
  await page.getByRole("link", { name: ROLE, exact: true }).click();

  await seen(page.getByRole("heading", { name: `Proposal for ${ROLE}`, level: 1 }));
  await seen(page.getByText("Mends the valve"));
  const changes = page.getByRole("region", { name: `What changes in ${ROLE}` });
  await seen(changes.getByText("changed: version 1 -> 2"));
  await seen(changes.getByText(/added: .*version 1\.0; for pump-board; security counter 7/));
  await seen(page.getByText("0 of 2 keys signed, 2 must."));
  const sign = page.getByLabel("command that signs", { exact: true });
  expect(await sign.innerText()).toBe(`moult trust sign ${proposalId}`);
  expect(await page.getByRole("button", { name: "Publish…" }).getAttribute("title")).toBe(
    "it has too few signatures",
  );
  await looked(page);
});

test("signatures that are given elsewhere appear; with the last one it can be published here, without a key", async () => {
  const { page } = await open(`/settings/proposals/${proposalId}`);
  await seen(page.getByText("0 of 2 keys signed, 2 must."));
  await world().moult.ok(words`trust sign ${proposalId} --key ${`${ROLE}-ci`} --yes`);
  await seen(page.getByText("1 of 2 keys signed, 2 must."));
  await world().moult.ok(words`trust sign ${proposalId} --key ${`${ROLE}-person`} --yes`);
  await seen(page.getByText("2 of 2 keys signed, 2 must."));

  await page.getByRole("button", { name: "Publish…" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("alertdialog");
  // What is safe has the focus first; a key that is pressed before the dialog has it goes elsewhere.
  await seen(dialog.getByRole("button", { name: "Cancel" }).and(page.locator(":focus")));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await gone(dialog);

  await seen(page.getByText("published").first());
  await gone(page.getByRole("button", { name: "Publish…" }));
  await page.getByRole("link", { name: "Trust" }).first().click();
  await seen(
    page
      .getByRole("row", { name: new RegExp(`^${PRODUCT}\\.prod .*1 artifact`) })
      .or(page.getByRole("row", { name: new RegExp(`^${PRODUCT}\\.prod releases`) })),
  );
});

test("a device waits for signatures and says so wherever people look; signed, it installs and swears to it", async () => {
  const { moult, client, folder } = world();
  const device = await startAgent(world());
  const file = await uploadArtifact(world(), "2.0");
  const { items: releases } = await client.call("listReleases", { query: {} });
  const release = releases.find(({ version }) => version === "2.0");
  const { page } = await open(`/deployments/new?releaseId=${release?.id ?? ""}&target=all`);
  await seen(page.getByText(/^Offline keys have not signed this release/));
  await seen(page.getByText("1 device waits for offline keys to sign the release."));
  const { id } = await client.call("createDeployment", {
    body: { releaseId: release?.id as never, target: { kind: "all" }, plan: plan([100]) },
  });

  await page.goto(`${world().server.url}/devices/${device.deviceId}`);
  await seen(page.getByRole("link", { name: "See who signs" }));
  await page.goto(`${world().server.url}/deployments/${id}`);
  await page.getByRole("link", { name: "See the release" }).click();
  await seen(page.getByRole("heading", { name: `${PRODUCT} 2.0`, level: 1 }));
  await seen(page.getByText("not signed").first());
  const command = page.getByLabel("command that signs the release", { exact: true });
  const [, ...args] = (await command.innerText()).split(" ");
  await looked(page);

  // What the page says, with the name of the file.
  await moult.ok([...args.map((word) => (word === "FILE" ? file : word)), "--yes"]);
  await gone(page.getByText("not signed").first());
  await page.goto(`${world().server.url}/devices/${device.deviceId}/receipts`);
  await page.getByText("succeeded").first().waitFor({ timeout: 60_000 });
  await seen(page.getByText("verified", { exact: true }));
  const check = page.getByLabel("command that checks and exports the receipts", { exact: true });
  const [, ...exported] = (await check.innerText()).split(" ");
  await moult.ok(exported);
  expect(existsSync(join(folder, "evidence.json"))).toBe(true);
  await looked(page);
}, 180_000);

/** What no tool of ours would send: the server takes it for whoever looks through it. */
async function proposeHostile(): Promise<TrustProposalId> {
  const { client } = world();
  const { roles } = await client.call("showTrust");
  const { version } = present(
    roles.find(({ name }) => name === ROLE),
    "it was published",
  );
  const target = { length: 3, hashes: { sha256: "ab".repeat(32) } };
  const path = `${HOSTILE_NAMES.markup}/${HOSTILE_NAMES.reversed}`;
  const signed = {
    ...newRole({ [path]: target }, { version: version + 1, now: instant(Date.now()) }),
    [HOSTILE_NAMES.controls]: HOSTILE_NAMES.markup,
  };
  const metadata: TrustMetadata = { signatures: [], signed };
  const { id } = await client.call("createTrustProposal", {
    body: {
      note: `${HOSTILE_NAMES.markup} ${HOSTILE_NOTES.slice(-1_500)}`,
      files: [{ role: ROLE, metadata }],
    },
  });
  return id;
}

test("no element comes from the texts of a proposal, and what cannot be seen is made visible", async () => {
  const id = await proposeHostile();
  for (const path of ["/settings/trust", `/settings/proposals/${id}`]) {
    const { page } = await open(path);
    await seen(page.getByText(HOSTILE_NAMES.markup, { exact: false }));
    expect(await page.locator("main script, main img, main iframe, main b").count()).toBe(0);
    expect(await page.locator("a[href^='javascript:']").count()).toBe(0);
    await looked(page);
  }
  const { page } = await open(`/settings/proposals/${id}`);
  await seen(page.getByText(/pumpU\+202Edezilatrec/));
});

test("the overview says that a proposal waits, and leads to it; withdrawn, it is no need any more", async () => {
  const { page } = await open("/");
  const need = page.getByRole("link", {
    name: "1 proposal waits for signatures, or to be published.",
  });
  await need.click();
  await page
    .getByRole("table", { name: /^Proposals/ })
    .getByRole("link")
    .first()
    .click();
  await page.getByRole("button", { name: "Withdraw…" }).click();
  await page.getByRole("button", { name: "Withdraw the proposal" }).click();

  await seen(page.getByText("withdrawn").first());
  await page.getByRole("link", { name: "Overview" }).click();
  await seen(page.getByRole("heading", { name: "Overview", level: 1 }));
  await gone(need);
});
