import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signUp } from "../../tools/local/administrator.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";
import {
  agentBundle,
  createLaunchedDevice,
  type LaunchedDevice,
} from "./launched-agent.fixture.ts";

// The agent's own update as people make one, by the commands of docs/guide/payload-types.md, with the server as it runs.

let folder = "";
let server: LocalServer;
let moult: MoultCommand;
let device: LaunchedDevice | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-agent-release-"));
  server = await startLocalServer({
    dataFolder: join(folder, "server"),
    settings: { MOULT_DEVICES_CHECK_IN_SECONDS: "1" },
  });
  moult = createMoultCommand({
    home: join(folder, "home"),
    cwd: folder,
    environment: { MOULT_TRUST_PASSPHRASE: "feathers, a few at a time" },
  });
  await signUp(server, moult);
  await moult.ok(words`product create gw2`);
  await moult.ok(words`trust init --product gw2 --yes`);
});

afterAll(async () => {
  await device?.cutPower();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function release(version: string, bundle: string): Promise<void> {
  const [name, file] = [`agent-${version}`, `agent-${version}.mender`];
  mkdirSync(join(folder, "dist"), { recursive: true });
  writeFileSync(join(folder, "dist/moult-agent.mjs"), bundle);
  await moult.ok(
    words`artifact create dist/moult-agent.mjs --type moult-agent --name ${name} --hardware-type gw2-rev-b`,
  );
  await moult.ok(words`release upload --product gw2 ${file} --sign --yes`);
}

/** What the server knows of the one device. */
async function shown(): Promise<Record<string, unknown>> {
  const { items } = (await moult.json(words`device list --product gw2`)) as {
    readonly items: readonly { readonly id: string }[];
  };
  return (await moult.json(["device", "show", items[0]?.id ?? ""])) as Record<string, unknown>;
}

test("an agent is released, deployed, and is what the device reports; a broken one is taken back", async () => {
  const token = await moult.ok(words`enrolment-token create --product gw2 --accepts`);
  const provisioning = join(folder, "provisioning.json");
  await moult.ok(
    words`device provision --product gw2 --hardware-type gw2-rev-b --enrolment-token ${token.trim()} --out ${provisioning}`,
  );
  device = await createLaunchedDevice({
    root: join(folder, "device"),
    serial: "A-1",
    config: { updates: { confirmTimeoutSeconds: 30 } },
  });
  device.run("provision", provisioning);
  await device.launch();

  await release("0.2.0", agentBundle("0.2.0"));
  await release("0.3.0", 'throw new Error("broken")');
  const good = await moult.run(
    words`deployment create gw2/agent-0.2.0 --all --error-stop 1 --watch --timeout 90s`,
  );
  expect(good).toMatchObject({ exitCode: 0 });
  const runs = () =>
    waitFor(
      "the version that the server knows",
      async () => {
        const text = JSON.stringify(await shown());
        return /"moult\.agent":"([^"]+)"|"moult\.agent","value":"([^"]+)"/
          .exec(text)
          ?.slice(1)
          .find(Boolean);
      },
      30_000,
    );
  expect(await runs()).toBe("0.2.0");

  const bad = await moult.run(
    words`deployment create gw2/agent-0.3.0 --all --error-stop 1 --watch --timeout 90s`,
  );
  expect(bad.exitCode).not.toBe(0);
  expect(`${bad.stdout}${bad.stderr}`).toMatch(/rolled.back/);
  expect(await runs()).toBe("0.2.0");
  expect(JSON.parse(device.run("status", "--json"))).toMatchObject({
    version: "0.2.0",
    running: { artifactName: "agent-0.2.0" },
  });
});
