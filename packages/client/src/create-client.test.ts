import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ApiProblem } from "./api-problem.ts";
import { createCookieJar } from "./cookie-jar.ts";
import { createClient, type Client } from "./create-client.ts";
import type { Credentials } from "./credentials.ts";
import {
  answerJson,
  answerProblem,
  bodyOf,
  startHttpServer,
  type Answer,
  type HttpServer,
} from "./http-server.fixture.ts";

const product = {
  name: "gw2",
  title: "Gateway",
  requireSignature: false,
  artifactKeys: [],
  createdAt: "2026-11-20T10:00:00.000Z",
};
const me = {
  tenantId: "4b3c1c9e-5a3e-4c9e-8f4e-0d6a3f0c8a11",
  tenantName: "default",
  kind: "user",
  name: "Ada",
  email: "ada@example.org",
  role: "admin",
  permissions: ["fleet:read"],
};

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function clientOf(answer: Answer, credentials?: Credentials): Promise<Client> {
  server = await startHttpServer(answer);
  return createClient({
    baseUrl: server.url,
    random: { fraction: () => 0 },
    ...(credentials === undefined ? {} : { credentials }),
  });
}

const seen = () => server?.seen ?? [];

describe("a call", () => {
  test("sends parameters in the path, the query and the body, and gives the parsed reply", async () => {
    let body = "";
    const client = await clientOf(async (request, response) => {
      body = (await bodyOf(request)).toString();
      answerJson(response, { ...product, added: "by a newer server" });
    });

    const reply = await client.call("changeProduct", {
      params: { product: "gw2" },
      body: { title: "Gateway" },
    });

    expect(reply).toEqual(product);
    expect(seen()[0]).toMatchObject({ method: "PATCH", url: "/api/v1/products/gw2" });
    expect(seen()[0]?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body)).toEqual({ title: "Gateway" });
  });

  test("leaves out query values that are undefined, and escapes the others", async () => {
    const client = await clientOf((_, response) =>
      answerJson(response, { items: [], nextCursor: null }),
    );

    await client.call("listDevices", { query: { search: "a b&c", product: undefined, limit: 7 } });

    expect(seen()[0]?.url).toBe("/api/v1/devices?search=a+b%26c&limit=7");
  });

  test("sends a list as its items, one by one", async () => {
    const client = await clientOf((_, response) =>
      answerJson(response, { count: 0, isExact: true }),
    );

    await client.call("countMatchingDevices", { query: { attribute: ["a=1", "b=2"] } });

    expect(seen()[0]?.url).toBe("/api/v1/device-counts/matching?attribute=a%3D1&attribute=b%3D2");
  });

  test("keeps the path of a server that lives below one", async () => {
    server = await startHttpServer((_, response) => answerJson(response, { needed: true }));
    const client = createClient({ baseUrl: `${server.url}/moult/` });

    expect(await client.call("showSetup")).toEqual({ needed: true });
    expect(seen()[0]?.url).toBe("/moult/api/v1/setup");
  });

  test.each(["..", ".", ""])("refuses %j as a part of the path", async (keyId) => {
    const client = await clientOf((_, response) => answerJson(response, {}));

    const call = client.call("deleteApiKey", { params: { keyId } });

    await expect(call).rejects.toMatchObject({ code: "request-invalid" });
    expect(seen()).toHaveLength(0);
  });

  test("shows an API key as a bearer token", async () => {
    const client = await clientOf((_, response) => answerJson(response, me), {
      kind: "api-key",
      apiKey: "moult_secret",
    });

    await client.call("showMe");

    expect(seen()[0]?.headers.authorization).toBe("Bearer moult_secret");
  });

  test("keeps a session in its cookie jar, and forgets what the server removes", async () => {
    const jar = createCookieJar();
    const client = await clientOf(
      (request, response) => {
        if (request.method === "POST") {
          response.setHeader("set-cookie", ["moult.session_token=abc; HttpOnly", "other=1"]);
          answerJson(response, me);
        } else {
          response.setHeader("set-cookie", "moult.session_token=; Max-Age=0");
          response.writeHead(204).end();
        }
      },
      { kind: "cookies", jar },
    );

    await client.call("signIn", { body: { email: "ada@example.org", password: "correct horse" } });
    const reply = await client.call("signOut");

    expect(reply).toBeUndefined();
    expect(seen()[1]?.headers.cookie).toBe("moult.session_token=abc; other=1");
    expect(jar.header()).toBe("other=1");
  });
});

describe("a call that fails", () => {
  test("throws the server's refusal with its code, detail, request id and issues", async () => {
    const client = await clientOf((_, response) =>
      answerProblem(response, 400, "invalid-request", {
        detail: "The name has a blank.",
        issues: [{ path: "body.name", message: "no blanks" }],
      }),
    );

    const error = await client
      .call("createProduct", { body: { name: "g w" } })
      .catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(ApiProblem);
    expect(error).toMatchObject({
      code: "invalid-request",
      status: 400,
      detail: "The name has a blank.",
      requestId: "request-1",
      issues: [{ path: "body.name", message: "no blanks" }],
    });
  });

  test("passes on the code of a newer server", async () => {
    const client = await clientOf((_, response) => answerProblem(response, 418, "tea-only"));

    await expect(client.call("showMe")).rejects.toMatchObject({ code: "tea-only", status: 418 });
  });

  test("says what came instead when the answer is not of this API", async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>nginx</h1>");
    });

    await expect(client.call("showMe")).rejects.toMatchObject({
      code: "reply-invalid",
      context: { status: 404, contentType: "text/html", start: "<h1>nginx</h1>" },
    });
  });

  test.each(["{}", "not JSON", ""])("refuses a success whose body is %j", async (body) => {
    const client = await clientOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });

    await expect(client.call("showMe")).rejects.toMatchObject({
      code: "reply-invalid",
      context: { operation: "showMe" },
    });
  });

  test("names the other address when the server redirects, and does not follow with the credentials", async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(308, { location: "https://elsewhere.example/api/v1/me" }).end();
    });

    await expect(client.call("showMe")).rejects.toMatchObject({
      code: "redirected",
      context: { location: "https://elsewhere.example/api/v1/me" },
    });
  });

  test("tells a server that nobody listens for", async () => {
    const unused = createServer();
    await new Promise<void>((resolve) => {
      unused.listen(0, "127.0.0.1", resolve);
    });
    const port = (unused.address() as { port: number }).port;
    await new Promise((resolve) => {
      unused.close(resolve);
    });
    const client = createClient({ baseUrl: `http://127.0.0.1:${port}` });

    await expect(client.call("showSetup")).rejects.toMatchObject({ code: "server-unreachable" });
  });

  test("ends when the server does not answer in time", async () => {
    const client = await clientOf(() => undefined);

    const call = client.call("signOut", {}, { timeoutMs: 50 });

    await expect(call).rejects.toMatchObject({ code: "timed-out" });
  });

  test("ends with the caller's own reason when the caller aborts", async () => {
    const controller = new AbortController();
    const reason = new Error("the person pressed Ctrl-C");
    const client = await clientOf(() => controller.abort(reason));

    await expect(client.call("showMe", {}, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("trying again", () => {
  test("helps a read over a server that restarts", async () => {
    const client = await clientOf((request, response, number) => {
      if (number === 1) request.socket.destroy();
      else if (number === 2) answerProblem(response, 503, "unavailable");
      else answerJson(response, me);
    });

    expect(await client.call("showMe")).toMatchObject({ name: "Ada" });
  });

  test("ends after three tries", async () => {
    const client = await clientOf((_, response) => answerProblem(response, 503, "unavailable"));

    await expect(client.call("showMe")).rejects.toMatchObject({ code: "unavailable" });
    expect(seen()).toHaveLength(3);
  });

  test("is never done for what changes something", async () => {
    const client = await clientOf((_, response) => answerProblem(response, 503, "unavailable"));

    const call = client.call("createProduct", { body: { name: "gw2" } });

    await expect(call).rejects.toMatchObject({ code: "unavailable" });
    expect(seen()).toHaveLength(1);
  });
});

describe("a list of several pages", () => {
  const group = (number: number) => ({
    id: `00000000-0000-4000-8000-00000000000${number}`,
    product: "gw2",
    keyFingerprint: "ab".repeat(32),
    identity: null,
    name: null,
    createdAt: "2026-11-20T10:00:00.000Z",
    groupIds: [],
    usedAt: null,
  });

  test("is read to its end, with the same query on each page", async () => {
    const client = await clientOf((_, response, number) =>
      answerJson(response, {
        items: [group(number)],
        nextCursor: number < 3 ? `place-${number}` : null,
      }),
    );

    const ids: string[] = [];
    for await (const item of client.all("listPreauthorisations", { query: { limit: 1 } }))
      ids.push(item.id.slice(-1));

    expect(ids).toEqual(["1", "2", "3"]);
    expect(seen().map(({ url }) => url.split("?")[1])).toEqual([
      "limit=1",
      "limit=1&cursor=place-1",
      "limit=1&cursor=place-2",
    ]);
  });

  test("is fetched no further than the caller reads", async () => {
    const client = await clientOf((_, response, number) =>
      answerJson(response, { items: [group(1)], nextCursor: `place-${number}` }),
    );

    for await (const page of client.pages("listPreauthorisations"))
      if (page.items.length > 0) break;

    expect(seen()).toHaveLength(1);
  });

  test("that names the same place again is refused instead of read for ever", async () => {
    const client = await clientOf((_, response) =>
      answerJson(response, { items: [], nextCursor: "here" }),
    );
    const readAll = async () => {
      for await (const _ of client.all("listPreauthorisations"));
    };

    await expect(readAll()).rejects.toMatchObject({ code: "reply-invalid" });
  });
});
