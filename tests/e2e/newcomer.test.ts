import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { spawn, type ChildProcess } from "node:child_process";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { seen, useBrowser } from "./console-page.fixture.ts";

// From an empty server to an own first update, with nothing but what is on the screen: its words, its labels, and the
// commands that it gives to copy.

const PASSPHRASE = "three words of my own";
const PASSWORD = "a password of my own";

let folder = "";
let server: LocalServer;
const shells: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-newcomer-"));
  server = await startLocalServer({ dataFolder: join(folder, "server") });
});
afterAll(async () => {
  for (const shell of shells)
    if (shell.pid !== undefined && shell.exitCode === null) process.kill(-shell.pid, "SIGTERM");
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = useBrowser(() => ({
  url: server.url,
  certificateAuthority: server.certificateAuthority ?? "",
}));

interface Terminal {
  readonly shell: ChildProcess;
  readonly text: () => string;
  readonly ended: Promise<number | null>;
}

/** Pastes a command into a terminal of a machine whose home is `home`; what it asks for is typed. */
async function paste(
  home: string,
  command: string,
  answers: Readonly<Record<string, string>> = {},
) {
  await mkdir(home, { recursive: true });
  const file = join(home, `pasted-${shells.length}.sh`);
  await writeFile(file, `set -e\n${command}\n`);
  const shell = spawn("script", ["-qfec", `bash ${file}`, "/dev/null"], {
    cwd: home,
    detached: true,
    env: {
      HOME: home,
      TERM: "dumb",
      PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
    },
  });
  shells.push(shell);
  let text = "";
  const waiting = new Map(Object.entries(answers));
  const hear = (chunk: string): void => {
    text += chunk;
    for (const [question, answer] of waiting)
      if (text.includes(question)) {
        waiting.delete(question);
        shell.stdin.write(`${answer}\n`);
      }
  };
  shell.stdout.setEncoding("utf8").on("data", hear);
  const ended = new Promise<number | null>((resolve) => shell.once("exit", resolve));
  return { shell, text: () => text, ended } satisfies Terminal;
}

async function copied(page: Page, what: string): Promise<string> {
  await page.getByRole("button", { name: `Copy ${what}` }).click();
  return page.evaluate(() => navigator.clipboard.readText());
}

async function run(terminal: Terminal): Promise<string> {
  const exitCode = await terminal.ended;
  expect({ exitCode, text: terminal.text() }).toMatchObject({ exitCode: 0 });
  return terminal.text();
}

test("a newcomer comes from an empty server to a first update of an own device", async () => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const { page, expectProblem } = await open("/", { person: null, permissions });
  expectProblem(/\/api\/v1\/me.* 401|status of 401/);
  const desk = join(folder, "desk");
  const machine = join(folder, "machine");

  await seen(page.getByRole("heading", { name: "Welcome to Moult" }));
  await page.getByLabel("Setup code").fill(await server.setupCode());
  await page.getByLabel("Your name").fill("Nora");
  await page.getByLabel("E-mail address").fill("nora@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create the administrator" }).click();
  await seen(page.getByText("Six steps lead to a first update."));

  await page.getByLabel("Name of the product").fill("lamp");
  await page.getByRole("button", { name: "Create lamp" }).click();

  // The step ticks itself, and the next one opens; so they go on.
  const makeKeys = "command that sets up signing to try it out";
  await seen(page.getByRole("button", { name: `Copy ${makeKeys}` }));
  const getTool = await copied(page, "command that gets the command line tool");
  await run(await paste(desk, getTool, { "Password:": PASSWORD }));
  await run(
    await paste(desk, await copied(page, makeKeys), {
      "New passphrase": PASSPHRASE,
      "Once more:": PASSPHRASE,
      "[y/N]": "y",
    }),
  );

  await page.getByRole("button", { name: "Show the command" }).click();
  await rootIsTheirs(page, desk);
  const device = await paste(machine, await copied(page, "command for the device"));
  const pending = page.getByRole("list", { name: "Devices that ask to join" });
  await pending.waitFor({ timeout: 60_000 });
  const fingerprint = await pending
    .getByRole("img", { name: /^fingerprint/ })
    .getAttribute("aria-label");
  const shown = fingerprint?.split(": ")[1]?.replaceAll(" ", "") ?? "nothing";
  expect(device.text().replaceAll(" ", "")).toContain(shown);
  await pending.getByRole("button", { name: /^Accept/ }).click();

  const makeRelease = "command that makes, uploads and signs a release";
  await seen(page.getByRole("button", { name: `Copy ${makeRelease}` }));
  await run(
    await paste(desk, await copied(page, makeRelease), {
      "[y/N]": "y",
      "Passphrase of": PASSPHRASE,
    }),
  );

  await page.getByRole("button", { name: /^Deploy 1\.0 to / }).click();
  await page.getByText("That was the whole way.").waitFor({ timeout: 60_000 });
  await seen(page.getByText("succeeded").first());
  expect(readFileSync(await greetingOf(machine), "utf8")).toBe("Hello from 1.0\n");
}, 240_000);

/** The page shows the root that the device will believe; their own machine shows the same. */
async function rootIsTheirs(page: Page, desk: string): Promise<void> {
  const root = page.getByRole("region", { name: "The root of trust in it" }).getByRole("img");
  const shown = (await root.getAttribute("aria-label"))?.split(": ")[1]?.replaceAll(" ", "");
  const status = await paste(desk, "cd ~/moult && node moult.mjs trust status");
  expect((await run(status)).replaceAll(/\s/g, "")).toContain(shown ?? "nothing");
}

/** Below the folder that the command named, the only one that it wrote to. */
async function greetingOf(machine: string): Promise<string> {
  const found = (await readdir(machine, { recursive: true })).filter((path) =>
    path.endsWith("opt/hello/greeting.txt"),
  );
  expect(found).toHaveLength(1);
  const path = join(machine, found[0] ?? "");
  expect(existsSync(path)).toBe(true);
  return path;
}
