import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startLocalProcess, type LocalProcess } from "../../tools/local/local-process.ts";
import {
  furnishMenderDevice,
  SHARE,
  type MenderDevice,
  type MenderDeviceOptions,
} from "./mender-client.fixture.ts";

/** A folder with `mender-auth` and `mender-update`. */
const programs = (): string => {
  const folder = process.env["MENDER_CPP"];
  if (folder === undefined)
    throw new Error("say by MENDER_CPP where mender-auth and mender-update are");
  return folder;
};

/**
 * A device with Mender's client in C++: two daemons and the message bus between them, in namespaces of their own, so that all end with
 * the first process.
 */
export function createMenderCppDevice(options: MenderDeviceOptions): MenderDevice {
  const { root } = options;
  const at = (...parts: readonly string[]): string => join(root, ...parts);
  furnishMenderDevice(options, at);
  let daemons: LocalProcess | undefined;
  const logFile = at("mender.log");
  const client = (program: string): string =>
    `${join(programs(), program)} --data ${at("var")} --log-level debug daemon`;
  const readTarget = (name: string): Buffer | undefined =>
    existsSync(at("target", name)) ? readFileSync(at("target", name)) : undefined;
  return {
    target: at("target"),
    start: async () => {
      rmSync(at("bus"), { force: true });
      const script = `mount --bind ${at("etc")} /etc/mender && mount --bind ${at("share")} ${SHARE} &&
        dbus-daemon --session --nofork --address="$DBUS_SYSTEM_BUS_ADDRESS" &
        while [ ! -S ${at("bus")} ]; do sleep 0.05; done
        ${client("mender-auth")} & ${client("mender-update")}`;
      daemons = await startLocalProcess(
        "unshare",
        ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],
        { logFile, environment: { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${at("bus")}` } },
      );
    },
    stop: async () => {
      await daemons?.stop();
      daemons = undefined;
    },
    kill: async () => {
      await daemons?.kill();
      daemons = undefined;
    },
    // It asks every two seconds.
    checkUpdate: () => undefined,
    forgetKey: () => rmSync(at("var", "mender-agent.pem")),
    log: () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : ""),
    read: (name) => readTarget(name)?.toString("utf8"),
    readBytes: readTarget,
    showProvides: () => {
      throw new Error("ask the server what the device runs");
    },
  };
}
