import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { addProduct } from "../../tools/console/fill-console.ts";
import { words } from "../../tools/local/moult-command.ts";
import { seen } from "./console-page.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

const MEGABYTE = 1_000_000;

const { world, open } = useOwnConsole(async (world) => {
  await world.moult.ok(words`artifact keygen --out release-key`);
  await world.moult.ok(words`artifact keygen --out other-key`);
  await addProduct(world, "pump", []);
});

/** A signed artifact whose payload does not get smaller. */
async function makeArtifact(version: string, megabytes: number, key = "release-key.pem") {
  const { folder, moult } = world();
  const payload = join(folder, `payload-${version}`);
  const file = `${version}.mender`;
  await writeFile(payload, randomBytes(megabytes * MEGABYTE));
  await moult.ok(
    words`artifact create ${payload} --type single-file --dest-dir /srv --name ${version}
      --hardware-type pump-board --sign-key ${key} --compression none --out ${file}`,
  );
  return join(folder, file);
}

const choose = (page: Page, file: string) =>
  page.getByLabel("Artifacts to upload").setInputFiles(file);

/** Slower than the test looks. */
/** Until its answer is called. */
async function slowDown(page: Page, bytesPerSecond: number): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond,
  });
  return () => session.detach();
}

test("a file that is no artifact is refused before a byte of it is sent", async () => {
  const { page } = await open("/releases/upload");
  const file = join(world().folder, "notes.txt");
  await writeFile(file, "buy milk\n".repeat(1_000));
  await choose(page, file);

  const row = page.getByRole("listitem", { name: "notes.txt" });
  await seen(row.getByText(/Nothing was sent/));
});

test("an artifact that somebody else signed is refused by the server, which says why", async () => {
  const { page, expectProblem } = await open("/releases/upload");
  expectProblem(/uploads.* 4\d\d|status of 4\d\d/);
  await choose(page, await makeArtifact("6.6", 1, "other-key.pem"));

  const row = page.getByRole("listitem", { name: "6.6.mender" });
  await seen(row.getByRole("alert"));
  expect(await row.getByRole("alert").innerText()).toMatch(/sign/i);
});

test("an upload that is cut goes on where it was, and ends as a release", async () => {
  const { page, expectProblem } = await open("/releases/upload");
  expectProblem(/ERR_|status of 5\d\d| 50\d/);
  const file = await makeArtifact("7.0", 24);
  const speedUp = await slowDown(page, 4 * MEGABYTE);
  await choose(page, file);
  const row = page.getByRole("listitem", { name: "7.0.mender" });
  const bar = row.getByRole("progressbar");
  await expect
    .poll(async () => Number(await bar.getAttribute("aria-valuenow")), { timeout: 20_000 })
    .toBeGreaterThan(20);

  await world().restart();
  await speedUp();
  // The page asks again after pauses that grow while nobody answers.
  await row.getByText(/It is in release/).waitFor({ timeout: 60_000 });
  await row.getByRole("link", { name: /7\.0/ }).click();
  await seen(page.getByRole("heading", { name: /7\.0/, level: 1 }));
}, 120_000);

test("an upload that was left goes on when the same file is chosen again", async () => {
  const { page } = await open("/releases/upload");
  const file = await makeArtifact("8.0", 24);
  const speedUp = await slowDown(page, MEGABYTE);
  await choose(page, file);
  const row = page.getByRole("listitem", { name: "8.0.mender" });
  await expect
    .poll(async () => Number(await row.getByRole("progressbar").getAttribute("aria-valuenow")), {
      timeout: 20_000,
    })
    .toBeGreaterThan(20);

  await page.reload();
  await seen(row.getByText(/Choose the same file again/));
  await speedUp();
  await choose(page, file);
  await seen(row.getByText(/It is in release/));
}, 120_000);
