import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OperationId, Role } from "@moult/api";
import { instant, type Clock, type Log } from "@moult/base";
import type { TenantId, UserId } from "@moult/model";
import { hashPassword } from "better-auth/crypto";
import { closeHttpServer, createHttpServer } from "../platform/http/http-server.ts";
import { operationRoutes } from "../platform/http/operation-routes.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { silentLog, type TestDatabase } from "../platform/test-database.fixture.ts";
import { openOperators, type Operators } from "./open-operators.ts";
import { insertOperator, type Operator } from "./queries.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Values of its `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

type Headers = Readonly<Record<string, string>>;

export interface OperatorServer {
  readonly operators: Operators;
  readonly setupCodePath: string;
  /** JSON in and out. */
  call(method: string, path: string, body?: unknown, headers?: Headers): Promise<Answer>;
  close(): Promise<void>;
}

/** Of every person that `addPerson` makes, and of the first administrator. */
export const PASSWORD = "correct horse battery";
/** The system's own, so that better-auth and we live at the same time; tests fake `Date`. */
const testClock: Clock = { now: () => instant(Date.now()) };

/** No request of these tests meets a bug; one that does says which. */
const bugLog: Log = {
  ...silentLog,
  error: (event, fields) => void process.stderr.write(`${event} ${JSON.stringify(fields)}\n`),
};

export interface OperatorServerOptions {
  readonly publicUrl?: string;
  /** Replicas share it. */
  readonly secret?: Buffer;
}

/** A listening server with people's sessions and keys alone. */
export async function startOperatorServer(
  { database }: TestDatabase,
  tenantId: TenantId,
  { publicUrl = "https://moult.example.org", secret = randomBytes(32) }: OperatorServerOptions = {},
): Promise<OperatorServer> {
  const folder = mkdtempSync(join(tmpdir(), "moult-operators-"));
  const setupCodePath = join(folder, "setup-code");
  const operators = await openOperators({
    database,
    tenantId,
    setupCodePath,
    secret,
    publicUrl: () => publicUrl,
    clock: testClock,
    log: silentLog,
  });
  const { authenticator } = operators;
  const app = createHttpServer({ tls: null, trustedProxies: ["127.0.0.1"], log: bugLog });
  operationRoutes(app, {
    database,
    // Nothing else is called.
    handlers: operators.handlers as Handlers<OperationId>,
    authenticator,
    publicUrl: () => publicUrl,
    log: silentLog,
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    operators,
    setupCodePath,
    call: (method, path, body, headers = {}) =>
      jsonCall(`http://127.0.0.1:${port}${path}`, method, body, headers),
    close: async () => {
      await closeHttpServer(app, 1_000);
      rmSync(folder, { recursive: true });
    },
  };
}

async function jsonCall(
  url: string,
  method: string,
  body: unknown,
  headers: Headers,
): Promise<Answer> {
  const hasBody = body !== undefined;
  const response = await fetch(url, {
    method,
    headers: { ...(hasBody ? { "content-type": "application/json" } : {}), ...headers },
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    cookies: response.headers.getSetCookie(),
  };
}

export const cookieOf = ({ cookies }: Answer): { readonly cookie: string } => ({
  cookie: cookies.map((cookie) => cookie.split(";")[0]).join("; "),
});

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

let hashOfPassword: Promise<string> | undefined;

/** A further person with `PASSWORD`; no operation makes one. */
export async function addPerson(
  { database }: TestDatabase,
  tenantId: TenantId,
  email: string,
  role: Role,
): Promise<Operator> {
  const person = { userId: newId<UserId>(), tenantId, role, name: "Somebody", email };
  const passwordHash = await (hashOfPassword ??= hashPassword(PASSWORD));
  await database.system.transaction((kysely) =>
    insertOperator(kysely, { ...person, accountId: newId(), passwordHash, at: testClock.now() }),
  );
  return person;
}

/** From now on the person has this role, or no place in the tenant. */
export async function changeRole(
  { database }: TestDatabase,
  { userId }: Operator,
  role: Role | undefined,
): Promise<void> {
  await database.system.transaction(async (kysely) => {
    if (role === undefined)
      await kysely.deleteFrom("operator").where("user_id", "=", userId).execute();
    else await kysely.updateTable("operator").set({ role }).where("user_id", "=", userId).execute();
  });
}
