import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeploymentId } from "@moult/model";
import * as z from "zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startConsoleServer, type ConsoleServer } from "../../tools/console/console-server.ts";
import { addProduct, untilDeployment, untilDevices } from "../../tools/console/fill-console.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// People at their own machines, with the command line as it ships, and devices that wait until two of them agree.

const DEVICES = 6;
const CANARIES = 2;
const Shown = z.object({
  id: z.string(),
  pendingApproval: z.object({ stage: z.int(), given: z.int(), required: z.int() }).nullable(),
  approvals: z.array(z.object({ by: z.string() })),
});

let folder = "";
let world: ConsoleServer;
let bob: MoultCommand;
let cy: MoultCommand;
let deploymentId: DeploymentId;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-people-"));
  world = await startConsoleServer({ folder });
  await world.moult.ok(words`artifact keygen --out release-key`);
  const made = await addProduct(world, "gw2", ["2.0"]);
  await world.startFleet({ ...made, count: DEVICES, args: words`--interval 1 --step-ms 30` });
  await untilDevices(world.client, "gw2", DEVICES);
}, 120_000);

afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Invited by the administrator; the link is accepted on a machine of their own. */
async function bringIn(name: string, role: string, home = name): Promise<MoultCommand> {
  const address = `${name.toLowerCase()}@example.org`;
  const link = await world.moult.ok(words`people invite ${address} --role ${role}`);
  const moult = createMoultCommand({ home: join(folder, home), cwd: folder });
  const { url, certificateAuthorityFile } = world.server;
  const said = await moult.ok(
    words`people accept ${url} --code ${link.trim()} --name ${name} --password-stdin
      --certificate-authority ${certificateAuthorityFile}`,
    `a long password of ${name}'s`,
  );
  expect(said).toContain(`as ${name} (${role})`);
  return moult;
}

const shown = async () =>
  Shown.parse(await world.moult.json(words`deployment show ${deploymentId}`));
const offered = async (): Promise<number> => {
  const { items } = await world.client.call("listAssignments", { params: { deploymentId } });
  return items.length;
};
const approve = (moult: MoultCommand) => moult.run(words`deployment approve ${deploymentId}`);

test("those who were invited work with a key of their own, and may what their role allows", async () => {
  bob = await bringIn("Bob", "operator");
  cy = await bringIn("Cy", "publisher");
  const viewer = await bringIn("Vi", "viewer");

  expect(await bob.ok(words`people approvers`)).toMatch(/admin@example\.org[\s\S]*cy@example\.org/);
  for (const moult of [bob, cy, viewer]) {
    const refused = await moult.run(words`people invite eve@example.org --role admin`);
    expect(refused).toMatchObject({ exitCode: 5 });
  }
  expect((await viewer.run(words`people approvers`)).exitCode).toBe(5);
});

test("a plan that asks for more people than could approve is not taken", async () => {
  const stages = [{ size: { remaining: true }, approvals: { required: 3 } }];
  writeFileSync(join(folder, "too-many.json"), JSON.stringify({ stages }));

  const refused = await world.moult.run(
    words`deployment create gw2/2.0 --all --plan too-many.json`,
  );

  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain("only 2 could");
});

test("the second stage is offered to nobody before two people agreed, of whom its maker is none and nobody counts twice", async () => {
  const plan = {
    stages: [
      { size: { count: CANARIES } },
      { size: { remaining: true }, approvals: { required: 2 } },
    ],
  };
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  const created = await world.moult.json(words`deployment create gw2/2.0 --all --plan plan.json`);
  deploymentId = z.object({ id: z.string() }).parse(created).id as DeploymentId;
  await waitFor(
    "the first stage to be through",
    async () => {
      const { tally } = await world.client.call("showDeployment", { params: { deploymentId } });
      return tally.succeeded === CANARIES || undefined;
    },
    60_000,
  );

  expect(await approve(world.moult)).toMatchObject({ exitCode: 5 });
  expect(await approve(bob)).toMatchObject({ exitCode: 0 });
  const { secret } = z
    .object({ secret: z.string() })
    .parse(await bob.json(words`api-key create another --role publisher`));
  const withHisKey = createMoultCommand({
    home: join(folder, "Bob"),
    cwd: folder,
    environment: { MOULT_API_KEY: secret },
  });
  expect(await approve(withHisKey)).toMatchObject({ exitCode: 0 });
  const half = { pendingApproval: { stage: 1, given: 1, required: 2 }, approvals: [{ by: "Bob" }] };
  expect(await shown()).toMatchObject(half);

  // Removed and invited again, he is the same person.
  await world.moult.ok(words`people remove bob@example.org --yes`);
  expect(await approve(bob)).toMatchObject({ exitCode: 5 });
  expect(await approve(withHisKey)).toMatchObject({ exitCode: 5 });
  bob = await bringIn("Bob", "operator", "bob-again");
  expect(await approve(bob)).toMatchObject({ exitCode: 0 });
  expect(await shown()).toMatchObject(half);
  expect(await offered()).toBe(CANARIES);

  expect(await approve(cy)).toMatchObject({ exitCode: 0 });
  await untilDeployment(world.client, deploymentId, "finished");
  expect(await offered()).toBe(DEVICES);
});

test("who was invited, who agreed and who was removed stands in the activity, and in the deployment's chain", async () => {
  const events = await world.moult.ok(words`event list --limit 200`);

  for (const said of [
    "Admin invited bob@example.org as operator",
    "Bob (bob@example.org) joined as operator, invited by Admin.",
    "Admin removed Bob (bob@example.org).",
    /Bob approved stage 2 of .*, 1 of 2\./,
    /Cy approved stage 2 of .*, which needs no more approvals\./,
  ])
    expect(events).toMatch(said);
  expect(await cy.run(words`deployment verify-chain ${deploymentId}`)).toMatchObject({
    exitCode: 0,
  });
});
