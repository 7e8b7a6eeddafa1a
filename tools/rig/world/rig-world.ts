import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@moult/client";
import { clientOf, signUp } from "../../local/administrator.ts";
import { freePort } from "../../local/local-process.ts";
import { SERVER_BUNDLE, startLocalServer, type LocalServer } from "../../local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../local/moult-command.ts";
import type { RigImages } from "../image/build-images.ts";

export const RIG_PRODUCT = "rig";
/** By which a machine of the emulator's network reaches the loopback address of this one. */
const HOST_ADDRESS = "10.0.2.2";

export interface RigWorld {
  readonly server: LocalServer;
  readonly moult: MoultCommand;
  readonly client: Client;
  /** What the device is provisioned with in its factory. */
  readonly provisioning: string;
  stop(): Promise<void>;
}

/** A real server, its people, and one signed release for each system but the factory's, which devices have already. */
export async function startRigWorld(
  folder: string,
  { board, systems }: RigImages,
  say: (line: string) => void,
): Promise<RigWorld> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const server = await startLocalServer({
    dataFolder: join(folder, "server"),
    port,
    program: SERVER_BUNDLE,
    settings: { MOULT_DEVICES_CHECK_IN_SECONDS: "1", MOULT_TLS_NAMES: HOST_ADDRESS },
  });
  try {
    const moult = createMoultCommand({
      home: join(folder, "home"),
      cwd: folder,
      environment: { MOULT_TRUST_PASSPHRASE: "nobody reads this" },
      onCommand: (line) => say(`$ ${line}`),
    });
    await signUp(server, moult);
    const client = await clientOf(server, moult);
    await moult.ok(words`product create ${RIG_PRODUCT}`);
    await moult.ok(words`trust init --development --product ${RIG_PRODUCT} --yes`);
    for (const { name, file } of systems) {
      // What a virtual machine unpacks in software, it unpacks slowly.
      await moult.ok(
        words`artifact create ${file} --type rootfs-image --name ${name} --hardware-type ${board.hardwareType}
          --compression none`,
      );
      await moult.ok(
        words`release upload --product ${RIG_PRODUCT} ${`${name}.mender`} --sign --yes`,
      );
    }
    const secret = await moult.ok(
      words`enrolment-token create --product ${RIG_PRODUCT} --accepts --uses 1000`,
    );
    await moult.ok(
      words`device provision --product ${RIG_PRODUCT} --hardware-type ${board.hardwareType}
        --server-url ${`https://${HOST_ADDRESS}:${port}`} --enrolment-token - --out provisioning.json`,
      secret,
    );
    const provisioning = readFileSync(join(folder, "provisioning.json"), "utf8");
    return { server, moult, client, provisioning, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
