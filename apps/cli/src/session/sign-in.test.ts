import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  HANDLED,
  Refusal,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type FixtureAnswer,
} from "../cli.fixture.ts";
import { AT } from "../model.fixture.ts";

const me = {
  tenantId: "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11",
  tenantName: "default",
  kind: "user",
  name: "Ada",
  email: "ada@example.org",
  role: "operator",
  permissions: ["fleet:read"],
};
const key = (number: number) => ({
  key: {
    id: `key-${number}`,
    name: "moult on here",
    role: "operator",
    start: "moult_",
    createdAt: AT,
    expiresAt: AT,
    lastUsedAt: null,
  },
  secret: `moult_secret_${number}`,
});

let home = "";
let server: ApiServer | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "moult-home-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(home, { recursive: true });
});

const configFile = () => join(home, "moult", "config.json");
const stored = () => JSON.parse(readFileSync(configFile(), "utf8")) as Record<string, unknown>;

const startSession: FixtureAnswer = ({ response }) => {
  response
    .writeHead(200, {
      "content-type": "application/json",
      "set-cookie": "moult.session_token=s1; HttpOnly",
    })
    .end(JSON.stringify(me));
  return HANDLED;
};
const inSession =
  (answer: FixtureAnswer): FixtureAnswer =>
  (asked) =>
    asked.request.headers.cookie === "moult.session_token=s1"
      ? answer(asked)
      : new Refusal(401, "unauthenticated", "No session.");

async function startServer(more: Parameters<typeof startApiServer>[0] = {}): Promise<string> {
  server = await startApiServer({
    showSetup: () => ({ needed: false }),
    signIn: startSession,
    createApiKey: inSession(({ number }) => key(number)),
    deleteApiKey: inSession(() => null),
    signOut: inSession(() => null),
    ...more,
  });
  return server.url;
}

const login = (url: string, args: readonly string[] = []) =>
  runMoult(["login", url, "--email", "ada@example.org", "--password-stdin", ...args], {
    environment: { XDG_CONFIG_HOME: home },
    input: "correct horse",
  });

test("signing in stores an API key that only its owner can read, and no password", async () => {
  const bodies: unknown[] = [];
  const url = await startServer({
    signIn: (asked) => {
      bodies.push(asked.body);
      return startSession(asked);
    },
  });

  const { code, out } = await login(url);

  expect(code).toBe(0);
  expect(out).toBe(`Signed in to ${url} as Ada (operator).`);
  expect(bodies).toEqual([{ email: "ada@example.org", password: "correct horse" }]);
  expect(stored()).toEqual({
    version: 1,
    server: url,
    apiKey: "moult_secret_1",
    apiKeyId: "key-1",
  });
  expect(statSync(configFile()).mode & 0o777).toBe(0o600);
  expect(server?.asked).toEqual(["showSetup", "signIn", "createApiKey", "signOut"]);
});

test("a wrong password stores nothing", async () => {
  const url = await startServer({
    signIn: () => new Refusal(401, "credentials-wrong", "The password is wrong."),
  });

  const { code, err } = await login(url);

  expect(code).toBe(5);
  expect(err).toContain("The password is wrong. (credentials-wrong, request req-1)");
  expect(existsSync(configFile())).toBe(false);
});

test("signing in again deletes the key that it replaces", async () => {
  const deleted: unknown[] = [];
  const url = await startServer({
    deleteApiKey: inSession(({ params }) => deleted.push(params["keyId"])),
  });
  await login(url);

  await login(url);

  expect(deleted).toEqual(["key-1"]);
  expect(stored()).toMatchObject({ apiKey: "moult_secret_2", apiKeyId: "key-2" });
});

test("a key that cannot be stored does not stay on the server", async () => {
  const deleted: unknown[] = [];
  const url = await startServer({
    deleteApiKey: inSession(({ params }) => deleted.push(params["keyId"])),
  });
  // Nothing to read there, and nothing can be made there either.
  symlinkSync("/proc/nothing", join(home, "moult"));

  const { code } = await login(url);

  expect(code).toBe(1);
  expect(deleted).toEqual(["key-1"]);
});

test("a key that was given is checked, stored, and left alone by signing out", async () => {
  const url = await startServer({
    showMe: ({ request }) =>
      request.headers.authorization === "Bearer moult_ci"
        ? me
        : new Refusal(401, "unauthenticated", "Unknown key."),
  });
  const environment = { XDG_CONFIG_HOME: home };

  const wrong = await runMoult(["login", url, "--api-key", "moult_no"], { environment });
  expect(wrong.code).toBe(5);
  expect(existsSync(configFile())).toBe(false);

  const right = await runMoult(["login", url, "--api-key", "-"], {
    environment,
    input: "moult_ci",
  });
  expect(right.code).toBe(0);
  expect(stored()).toEqual({ version: 1, server: url, apiKey: "moult_ci" });

  const out = await runMoult(["logout"], { environment });
  expect(out.out).toBe(`Signed out of ${url}.`);
  expect(existsSync(configFile())).toBe(false);
  expect(server?.asked).not.toContain("deleteApiKey");
});

test("signing out deletes the key of the sign-in, on the server first", async () => {
  const url = await startServer();
  await login(url);
  await server?.close();

  const environment = { XDG_CONFIG_HOME: home };
  const whileAway = await runMoult(["logout"], { environment });
  expect(whileAway.code).toBe(1);
  expect(existsSync(configFile())).toBe(true);

  const here = await runMoult(["logout", "--local"], { environment });
  expect(here.code).toBe(0);
  expect(existsSync(configFile())).toBe(false);
});

test("the first administrator is made with the setup code, and is signed in", async () => {
  const bodies: unknown[] = [];
  const url = await startServer({
    showSetup: () => ({ needed: true }),
    completeSetup: (asked) => {
      bodies.push(asked.body);
      return startSession(asked);
    },
  });

  const { code } = await runMoult(["setup", url], {
    environment: { XDG_CONFIG_HOME: home },
    answers: ["ABCD-EFGH", "Ada", "ada@example.org", "correct horse battery"],
  });

  expect(code).toBe(0);
  expect(bodies).toEqual([
    {
      setupCode: "ABCD-EFGH",
      name: "Ada",
      email: "ada@example.org",
      password: "correct horse battery",
    },
  ]);
  expect(stored()).toMatchObject({ server: url, apiKeyId: "key-1" });
});

test("setup of a server that has its administrator says to sign in", async () => {
  const url = await startServer();

  const { code, err } = await runMoult(["setup", url], { environment: { XDG_CONFIG_HOME: home } });

  expect(code).toBe(2);
  expect(err).toContain("moult login");
});

test("the stored key is for its own server, and never goes to another that the environment names", async () => {
  const url = await startServer();
  await login(url);
  const other = await startApiServer({ showMe: () => me });

  const { code, err } = await runMoult(["whoami"], {
    environment: { XDG_CONFIG_HOME: home, MOULT_SERVER: other.url },
  });
  await other.close();

  expect(code).toBe(5);
  expect(err).toContain(`There is no API key for ${other.url}.`);
  expect(other.asked).toEqual([]);
});

test("the environment goes before what is stored", async () => {
  const keys: unknown[] = [];
  const url = await startServer({
    showMe: ({ request }) => {
      keys.push(request.headers.authorization);
      return me;
    },
  });
  await login(url);

  await runMoult(["whoami"], { environment: { XDG_CONFIG_HOME: home } });
  await runMoult(["whoami"], { environment: signedInTo({ url }, home) });

  expect(keys).toEqual(["Bearer moult_secret_1", "Bearer moult_test_key"]);
});

test("a configuration that moult did not write is not guessed at", async () => {
  const url = await startServer();
  await login(url);
  writeFileSync(configFile(), '{"version": 2}');

  const { code, err } = await runMoult(["whoami"], { environment: { XDG_CONFIG_HOME: home } });

  expect(code).toBe(1);
  expect(err).toContain(`${configFile()} is not a file that moult wrote.`);
});

test("nobody to ask is a mistake that names the option", async () => {
  const url = await startServer();

  const { code, err } = await runMoult(["login", url], { environment: { XDG_CONFIG_HOME: home } });

  expect(code).toBe(2);
  expect(err).toContain("Nobody is here to type the e-mail address.");
});
