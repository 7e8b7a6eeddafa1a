import { afterEach, describe, expect, test } from "vitest";
import { Refusal, runMoult, signedInTo, startApiServer, type ApiServer } from "../cli.fixture.ts";
import { device, page } from "../model.fixture.ts";

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe("without a command", () => {
  test("moult and moult --help show the commands", async () => {
    for (const args of [[], ["--help"], ["help"], ["-h"]]) {
      const { code, out } = await runMoult(args);
      expect(code).toBe(0);
      expect(out).toContain("deployment create");
    }
  });

  test("moult --version shows the version alone", async () => {
    expect(await runMoult(["--version"])).toMatchObject({ code: 0, out: "0.0.0" });
  });

  test("half of a command shows its other halves, and is a mistake", async () => {
    const { code, out } = await runMoult(["device"]);

    expect(code).toBe(2);
    expect(out).toContain("device list");
    expect(out).not.toContain("group list");
  });

  test("help on half of a command is no mistake", async () => {
    expect((await runMoult(["device", "--help"])).code).toBe(0);
  });
});

describe("a command that does not exist", () => {
  test.each([
    [["device", "lsit"], 'There is no command "device lsit"; did you mean "device list"?'],
    [["devise", "list"], 'There is no command "devise list"; did you mean "device list"?'],
    [["logn"], 'There is no command "logn"; did you mean "login"?'],
    [["sing"], 'There is no command "sing".'],
  ])("%j names its nearest neighbour", async (args, sentence) => {
    const { code, err } = await runMoult(args);

    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });
});

describe("an error", () => {
  test("of the server is one sentence with its code, its request, and what to do", async () => {
    server = await startApiServer({
      listDevices: () => new Refusal(403, "forbidden", "Your role is viewer."),
    });

    const { code, err, out } = await runMoult(["device", "list"], {
      environment: signedInTo(server),
    });

    expect(code).toBe(5);
    expect(err).toBe(
      "Error: Your role is viewer. (forbidden, request req-1)\n  `moult whoami` shows your role.",
    );
    expect(out).toBe("");
  });

  test("is JSON on standard error with --json", async () => {
    server = await startApiServer({
      listDevices: () => new Refusal(404, "not-found", "No such product."),
    });

    const { code, err } = await runMoult(["device", "list", "--json"], {
      environment: signedInTo(server),
    });

    expect(code).toBe(1);
    expect(JSON.parse(err)).toEqual({
      error: { code: "not-found", detail: "No such product.", requestId: "req-1" },
    });
  });

  test("of an expired key says so, by its exit code too", async () => {
    server = await startApiServer({
      showMe: () => new Refusal(401, "unauthenticated", "The API key has expired."),
    });

    const { code, err } = await runMoult(["whoami"], { environment: signedInTo(server) });

    expect(code).toBe(5);
    expect(err).toContain("The API key has expired.");
    expect(err).toContain("moult login");
  });

  test("cannot smuggle control sequences into the terminal", async () => {
    server = await startApiServer({
      showMe: () => new Refusal(404, "not-found", "No \u001b[2J\u202epage"),
    });

    const { err } = await runMoult(["whoami"], { environment: signedInTo(server) });

    expect(err).toContain("No ␛[2J�page");
  });

  test("of a server that nobody listens for names the server and the reason", async () => {
    server = await startApiServer({});
    const { url } = server;
    await server.close();

    const { code, err } = await runMoult(["whoami"], { environment: signedInTo({ url }) });

    expect(code).toBe(1);
    expect(err).toContain(`The server ${url} cannot be reached: nothing listens there.`);
  });

  test("of somebody who is not signed in says how to", async () => {
    const { code, err } = await runMoult(["whoami"], {
      environment: { XDG_CONFIG_HOME: "/nonexistent" },
    });

    expect(code).toBe(5);
    expect(err).toContain("You are not signed in.");
  });

  test("of a file that is not there names the file", async () => {
    const { code, err } = await runMoult(["artifact", "read", "/nonexistent/a.mender"]);

    expect(code).toBe(1);
    expect(err).toContain("/nonexistent/a.mender");
  });
});

test("Ctrl-C ends a command with the code that shells expect", async () => {
  const controller = new AbortController();
  server = await startApiServer({
    listDevices: () => {
      controller.abort(new Error("interrupted"));
      return new Promise(() => undefined);
    },
  });

  const { code, err } = await runMoult(["device", "list"], {
    environment: signedInTo(server),
    signal: controller.signal,
  });

  expect(code).toBe(130);
  expect(err).toContain("Stopped.");
});

test("a list is a table for people and the API's reply for programs", async () => {
  server = await startApiServer({ listDevices: () => page([device()], "more") });
  const environment = signedInTo(server);

  const forPeople = await runMoult(["device", "list"], { environment });
  const forPrograms = await runMoult(["device", "list", "--json"], { environment });

  expect(forPeople.out.split("\n")).toHaveLength(2);
  expect(forPeople.out).toContain("gw-17");
  expect(forPeople.err).toContain("--cursor more");
  expect(JSON.parse(forPrograms.out)).toEqual(page([device()], "more"));
});
