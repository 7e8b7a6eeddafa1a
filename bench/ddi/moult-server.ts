import { join } from "node:path";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import { SERVER_BUNDLE, startLocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words } from "../../tools/local/moult-command.ts";
import { controllers, IDLE_CONTROLLERS, type DdiServer } from "./ddi-server.ts";

/** As many as one import request takes. */
const BATCH = 200;

/** Moult's server, on SQLite; `file` is a release that is deployed to the one device of a product of its own. */
export async function startMoult(folder: string, file: string): Promise<DdiServer> {
  const server = await startLocalServer({
    dataFolder: join(folder, "moult"),
    program: SERVER_BUNDLE,
    settings: { MOULT_TLS_MODE: "off", MOULT_LOG_LEVEL: "warn" },
  });
  try {
    const moult = createMoultCommand({ home: folder, cwd: folder });
    const { client } = await setUpAdministrator(server, moult);
    await moult.ok(words`product create bench`);
    await moult.ok(words`product create offered`);
    const idle = controllers(IDLE_CONTROLLERS);
    for (let start = 0; start < idle.length; start += BATCH) {
      const items = idle.slice(start, start + BATCH).map(({ id, token }) => ({
        controllerId: id,
        token,
        hardwareType: "board",
      }));
      await client.call("importControllers", { body: { product: "bench", items } });
    }
    const { token } = await client.call("registerController", {
      body: { controllerId: "offered", product: "offered", hardwareType: "board" },
    });
    await moult.ok(
      words`release upload --product offered --name 2.0 --hardware-type board ${file}`,
    );
    await moult.ok(words`deployment create offered/2.0 --all`);
    return {
      label: "moult",
      port: server.port,
      pid: server.pid,
      tenant: "DEFAULT",
      offered: { id: "offered", token: token ?? "" },
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
