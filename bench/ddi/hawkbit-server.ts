import { openAsBlob } from "node:fs";
import { basename, join } from "node:path";
import { freePort, startLocalProcess, waitFor } from "../../tools/local/local-process.ts";
import { controllers, IDLE_CONTROLLERS, type Controller, type DdiServer } from "./ddi-server.ts";

const AUTHORIZATION = `Basic ${btoa("admin:admin")}`;
const BATCH = 500;
const START_MS_MAX = 300_000;

/**
 * hawkBit's own server, by its jar, on the database that it brings (H2 in memory, so its writes go to no disk). Its filter
 * against too many requests of one address is off, since all come from one here.
 */
export async function startHawkbit(folder: string, jar: string, file: string): Promise<DdiServer> {
  const port = await freePort();
  const running = await startLocalProcess(
    "java",
    [
      "-Xmx2g",
      "-jar",
      jar,
      `--server.port=${port}`,
      "--server.address=127.0.0.1",
      "--hawkbit.server.security.dos.filter.enabled=false",
      "--hawkbit.security.user.admin.password={noop}admin",
      `--org.eclipse.hawkbit.artifact.fs.path=${join(folder, "artifacts")}`,
      `--org.eclipse.hawkbit.repository.file.path=${join(folder, "artifacts")}`,
      "--hawkbit.dmf.rabbitmq.enabled=false",
      "--spring.servlet.multipart.max-file-size=2GB",
      "--spring.servlet.multipart.max-request-size=2GB",
    ],
    { logFile: join(folder, "hawkbit.log") },
  );
  const call = caller(`http://127.0.0.1:${port}/rest/v1`);
  try {
    await waitFor(
      "hawkBit to answer",
      async () => {
        if (running.exitCode() !== undefined) throw new Error(running.tail());
        await call("GET", "/targets?limit=1");
        return true;
      },
      START_MS_MAX,
    );
    await call("PUT", "/system/configs/authentication.targettoken.enabled", { value: true });
    const idle = controllers(IDLE_CONTROLLERS);
    for (let start = 0; start < idle.length; start += BATCH)
      await call("POST", "/targets", idle.slice(start, start + BATCH).map(targetOf));
    const offered: Controller = { id: "offered", token: "o".repeat(32) };
    await call("POST", "/targets", [targetOf(offered)]);
    await assign(call, offered, file);
    return {
      label: "hawkbit",
      port,
      pid: running.pid,
      tenant: "DEFAULT",
      offered,
      stop: () => running.stop(),
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

const caller =
  (base: string): Call =>
  async (method, path, body) => {
    const isForm = body instanceof FormData;
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: AUTHORIZATION,
        ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${text}`);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  };

const targetOf = ({ id, token }: Controller) => ({
  controllerId: id,
  name: id,
  securityToken: token,
});

const idOf = (created: unknown): number => (created as readonly { readonly id: number }[])[0]!.id;

/** A distribution set with the file, assigned to the target. */
async function assign(call: Call, { id }: Controller, file: string): Promise<void> {
  const module = idOf(
    await call("POST", "/softwaremodules", [{ name: "os", version: "2.0", type: "os" }]),
  );
  const form = new FormData();
  form.append("file", await openAsBlob(file), basename(file));
  await call("POST", `/softwaremodules/${module}/artifacts`, form);
  const set = idOf(
    await call("POST", "/distributionsets", [
      { name: "bench", version: "2.0", type: "os", modules: [{ id: module }] },
    ]),
  );
  await call("POST", `/distributionsets/${set}/assignedTargets`, [{ id, type: "forced" }]);
}
