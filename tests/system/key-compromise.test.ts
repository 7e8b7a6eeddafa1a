import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { present } from "@moult/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMINISTRATOR, signUp } from "../../tools/local/administrator.ts";
import { startLocalProcess, waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// The playbook of docs/operate/key-compromise.md, command by command as it stands there, against the server as it runs. One
// machine holds all keys, so that every proposal is complete at once. The tests build on each other.

const tool = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const PLAYBOOK = readFileSync(tool("docs/operate/key-compromise.md"), "utf8");

const SERVER_DATA = "/var/lib/moult-server";
const SPARE_DATA = "/var/lib/moult-authority-2";

let folder = "";
let server: LocalServer;
let moult: MoultCommand;
let device: LocalProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-keys-"));
  server = await startLocalServer({ dataFolder: join(folder, "server") });
  moult = createMoultCommand({
    home: join(folder, "home"),
    cwd: folder,
    environment: { MOULT_TRUST_PASSPHRASE: "feathers, a few at a time" },
  });
  await signUp(server, moult);
  await moult.ok(words`product create gw2`);
  await moult.ok(words`trust init --product gw2 --yes`);
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/run.sh"), "exec sleep 1000\n");
  await release("1.4.0");
});

afterAll(async () => {
  await device?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function release(version: string): Promise<string> {
  const file = `${version}.mender`;
  await moult.ok(
    words`artifact create --type app --dir app --app-name web --command sh --command run.sh
      --name ${version} --hardware-type board --out ${file}`,
  );
  return moult.ok(words`release upload --product gw2 ${file} --sign --yes`);
}

/** What an administrator does on the server's machine, as this test's server knows it. */
const ON_THE_SERVER: Readonly<Record<string, () => Promise<void>>> = {
  "systemctl stop moult-server": () => server.stop(),
  [`node /usr/lib/moult/server/main.mjs --data ${SPARE_DATA}`]: async () => {
    const spare = await startLocalServer({ dataFolder: join(folder, "spare") });
    await spare.stop();
  },
  [`cp -a ${SPARE_DATA}/tls/. ${SERVER_DATA}/tls/`]: async () =>
    cpSync(join(folder, "spare/tls"), join(server.dataFolder, "tls"), { recursive: true }),
  "systemctl start moult-server": async () => {
    const { dataFolder, port } = server;
    server = await startLocalServer({ dataFolder, port });
  },
};

/** Runs the commands of a section of the page, from one block to another, and gives back what the last one printed. */
async function play(section: string, fromBlock = 0, toBlock?: number): Promise<string> {
  const text = present(
    PLAYBOOK.split(/^## /m).find((each) => each.startsWith(`${section}\n`)),
    `the page has a section "${section}"`,
  );
  const blocks = [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? "");
  const lines = blocks.slice(fromBlock, toBlock).flatMap((block) => block.trim().split("\n"));
  expect(lines.length).toBeGreaterThan(0);
  let printed = "";
  for (const line of lines) printed = await run(line);
  return printed;
}

async function run(line: string): Promise<string> {
  const [program, ...args] = line.split(" ");
  if (program === "moult") return moult.ok(args.includes("--sign") ? [...args, "--yes"] : args);
  expect(program).toBe("sudo");
  const [name, ...rest] = args;
  if (name === "rm") for (const path of rest) rmSync(path.replace(SERVER_DATA, server.dataFolder));
  else await present(ON_THE_SERVER[args.join(" ")], `what "${line}" does is known here`)();
  return "";
}

interface Status {
  readonly rootVersion: number;
  readonly roles: readonly { readonly name: string; readonly keys: readonly string[] }[];
  readonly findings: readonly unknown[];
  readonly targets?: readonly { readonly version: string }[];
}
const status = async (): Promise<Status> =>
  (await moult.json(words`trust status --targets`)) as Status;
const keysOf = async (role: string): Promise<readonly string[]> =>
  present(
    (await status()).roles.find(({ name }) => name === role),
    `there is a role ${role}`,
  ).keys;

/** Whatever happened to a key, releases go on, and what was signed before holds on. */
async function expectReleasesGoOn(version: string): Promise<void> {
  expect(await release(version)).toContain("Published: gw2.prod.");
  const versions = (await status()).targets?.map((target) => target.version);
  expect(versions).toEqual(expect.arrayContaining(["1.4.0", version]));
}

test("the playbook begins with what runs and what is trusted", async () => {
  expect(await play("First")).not.toBe("");
});

describe("a root key", () => {
  test("that is lost or stolen is replaced by two that are left", async () => {
    await play("A root key is lost or was stolen");

    expect(await keysOf("root")).toEqual(["root-1", "root-2", "root-4"]);
    await expectReleasesGoOn("1.4.1");
  });

  test("that was stolen together with another is replaced, both at once", async () => {
    await play("Two root keys were stolen");

    expect(await keysOf("root")).toEqual(["root-4", "root-5", "root-6"]);
    expect((await status()).rootVersion).toBe(3);
    await expectReleasesGoOn("1.4.2");
  });

  test("of before signs nothing any more", async () => {
    const before = await status();

    const { exitCode, stderr } = await moult.run(
      words`trust rotate root --remove root-6 --threshold 1 --sign --yes --key root-1 --key root-2`,
    );

    expect(exitCode).toBe(1);
    expect(stderr).toContain("key-missing");
    expect(await status()).toEqual(before);
  });
});

test("the targets key is replaced, and what it had delegated is signed anew", async () => {
  await play("The targets key is lost or was stolen");

  expect(await keysOf("targets")).toEqual(["targets-2"]);
  await expectReleasesGoOn("1.4.3");
});

describe("a channel's key", () => {
  test("of CI is replaced, and what its thief had published goes off the list", async () => {
    await release("6.6.6");

    await play("CI's key was stolen");

    expect(await keysOf("gw2.prod")).toEqual(["gw2.prod-person", "ci-2"]);
    expect((await status()).targets?.map(({ version }) => version)).not.toContain("6.6.6");
    await expectReleasesGoOn("1.4.4");
  });

  test("of a person is replaced", async () => {
    await play("A person's key is lost or was stolen");

    expect(await keysOf("gw2.prod")).toEqual(["ci-2", "ben"]);
    await expectReleasesGoOn("1.4.5");
  });
});

describe("a key of the server", () => {
  test("that signs snapshots and timestamps is made anew, and root names the new one", async () => {
    const before = await keysOf("timestamp");

    await play("The snapshot or timestamp key was stolen");

    expect(await keysOf("timestamp")).not.toEqual(before);
    expect((await status()).findings).toEqual([]);
    await expectReleasesGoOn("1.4.6");
  });

  test("that signs instructions is made anew, and root names the new one alone", async () => {
    const before = await keysOf("instruction");

    await play("The instruction key was stolen");

    const after = await keysOf("instruction");
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    expect((await status()).findings).toEqual([]);
    await expectReleasesGoOn("1.4.7");
  });
});

test("a server that was set up anew is compared with the own root of trust", async () => {
  expect(await play("The server was taken over")).toContain("gw2/prod/1.4.7/");
});

interface DeviceRow {
  readonly id: string;
  readonly state: string;
  readonly running: { readonly artifactName: string } | null;
}
const theDevice = async (): Promise<DeviceRow | undefined> =>
  ((await moult.json(words`device list`)) as { readonly items: readonly DeviceRow[] }).items[0];

/** A real agent, made a device by the command that the server gives. */
async function enrolDevice(): Promise<void> {
  const command = await moult.ok(
    words`device enrol-command --product gw2 --hardware-type board --accepts`,
  );
  const home = join(folder, "device");
  mkdirSync(home);
  device = await startLocalProcess(
    "sh",
    ["-c", `trap 'kill $!' TERM\n${command.trimEnd()} &\nwait $!`],
    { logFile: join(folder, "device.log"), cwd: home, environment: { HOME: home } },
  );
  await waitForRunning("factory");
}

const waitForRunning = (artifactName: string): Promise<DeviceRow> =>
  waitFor(
    `the device to run ${artifactName}`,
    async () => {
      const found = await theDevice();
      return found?.running?.artifactName === artifactName ? found : undefined;
    },
    90_000,
  );

const authorityOf = (name: string): string =>
  readFileSync(join(folder, name, "tls/authority.pem"), "utf8");

describe("the server's certificate authority", () => {
  const section = "The server's certificate authority was stolen";

  test("is believed beside a new one, once a signed release says so", async () => {
    await enrolDevice();
    await play(section, 0, 1);
    const certificateAuthority = authorityOf("server") + authorityOf("spare");
    const content = JSON.stringify({ url: server.url, certificateAuthority });
    writeFileSync(join(folder, "server.json"), content);

    await play(section, 1, 2);

    await waitForRunning("authorities");
  });

  test("is exchanged, and people and devices go on with the new one", async () => {
    const before = server.certificateAuthority;
    await play(section, 2, 3);
    expect(server.certificateAuthority).toBe(authorityOf("spare"));
    expect(server.certificateAuthority).not.toBe(before);

    expect((await moult.run(words`whoami`)).exitCode).not.toBe(0);
    await moult.ok(
      words`login ${server.url} --email ${ADMINISTRATOR.email} --password-stdin
        --certificate-authority ${server.certificateAuthorityFile}`,
      `${ADMINISTRATOR.password}\n`,
    );

    await moult.ok(words`deployment create gw2/1.4.0 --all`);
    await waitForRunning("1.4.0");
  });
});

test("a device that was stolen is taken out for good", async () => {
  const { id } = present(await theDevice(), "there is a device");
  await moult.ok(words`device rename ${id} gw-17`);

  await play("A device was stolen");

  expect((await theDevice())?.state).toBe("decommissioned");
  // For good: nobody lets it in again by mistake.
  await moult.run(words`device accept ${id} --yes`);
  expect((await theDevice())?.state).toBe("decommissioned");
});
