import type { OperationId } from "@moult/api";
import type { AddressInfo } from "node:net";
import type { UserId } from "@moult/model";
import { afterEach } from "vitest";
import type { Handlers, Principal } from "../operation-handler.ts";
import { openTestDatabase, silentLog } from "../test-database.fixture.ts";
import { closeHttpServer, createHttpServer } from "./http-server.ts";
import type { PresentedCredentials } from "./authorise.ts";
import { operationRoutes } from "./operation-routes.ts";

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Calls it with the key `admin` unless `init` says otherwise. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** From now on this key is nobody's. */
  revoke(key: string): void;
  close(): Promise<void>;
}

const opened: TestServer[] = [];

/** Really listening, with these handlers; keys are named after their role, and so are session cookies. */
export async function startTestServer(
  handlers: Partial<Handlers<OperationId>>,
): Promise<TestServer> {
  const store = await openTestDatabase("sqlite");
  const db = await store.newTenant();
  const revoked = new Set<string>();
  const roleOf = (name: string | undefined): Principal["role"] | undefined =>
    name === undefined || revoked.has(name)
      ? undefined
      : (["viewer", "publisher", "operator", "admin"] as const).find((role) => role === name);
  const principalOf = async ({
    apiKey,
    cookies,
  }: PresentedCredentials): Promise<Principal | undefined> => {
    const role = roleOf(apiKey) ?? roleOf(/session=(\w+)/.exec(cookies ?? "")?.[1]);
    if (role === undefined) return undefined;
    return {
      kind: roleOf(apiKey) === undefined ? "user" : "api-key",
      tenantId: db.tenantId,
      userId: role as string as UserId,
      name: "Ada",
      email: "ada@example.org",
      role,
    };
  };
  const app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog });
  await app.register(
    (scope, _options, done) => {
      operationRoutes(scope, {
        database: store.database,
        handlers: handlers as Handlers<OperationId>,
        authenticator: { principalOf },
        publicUrl: () => "https://moult.example.org",
        log: silentLog,
        heartbeatMs: 30,
      });
      done();
    },
    { prefix: "/api/v1" },
  );
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/api/v1`;
  let isClosed = false;
  const server: TestServer = {
    url,
    port,
    fetch: (path, init = {}) =>
      fetch(url + path, { headers: { authorization: "Bearer admin" }, ...init }),
    revoke: (key) => void revoked.add(key),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await closeHttpServer(app, 2_000);
      await store.drop();
    },
  };
  opened.push(server);
  return server;
}

afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});
