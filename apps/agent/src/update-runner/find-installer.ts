import { BOOTLOADER_TYPE } from "../installers/bootloader.ts";
import { createDirectoryInstaller } from "../installers/directory.ts";
import type { Installer } from "../installers/installer.ts";
import { ROOTFS_IMAGE_TYPE, type RootfsImages } from "../installers/rootfs-image.ts";
import { createServerMoveInstaller, type ServerMove } from "../installers/server-move.ts";
import { createSingleFileInstaller } from "../installers/single-file.ts";
import { createUpdateModule, findUpdateModule } from "../installers/update-module.ts";
import { createAppInstaller } from "../apps/app-installer.ts";
import type { AppRuntime } from "../apps/app-runtime.ts";
import { executablesIn } from "../storage/executables-in.ts";
import type { AgentPaths } from "../agent-paths.ts";
import { SELF_UPDATE_TYPE, type SelfUpdate } from "../self-update/self-update.ts";
import type { UpdateLimits } from "./update-runner.ts";

export interface InstallersDeps {
  readonly paths: AgentPaths;
  readonly limits: UpdateLimits;
  readonly apps: AppRuntime;
  readonly serverMove: ServerMove;
  /** Undefined where no launcher could bring the old agent back. */
  readonly selfUpdate: SelfUpdate | undefined;
  /** Undefined where no bootloader could bring the old system back. */
  readonly rootfsImages: RootfsImages | undefined;
  /** Undefined where the platform starts from one copy of its bootloader only. */
  readonly bootloader: Installer | undefined;
  /** What update modules find in their environment. */
  readonly environment: () => NodeJS.ProcessEnv;
}

export interface Installers {
  /** Undefined when this device cannot install the type. */
  find(payloadType: string): Promise<Installer | undefined>;
  /** For people, of a type that `find` does not know. */
  whyNot(payloadType: string): string;
  /** All types that `find` knows now. */
  payloadTypes(): Promise<readonly string[]>;
}

/** What a device lacks that cannot install one of the agent's own types. */
const WANTING: Readonly<Record<string, string>> = {
  [BOOTLOADER_TYPE]:
    "this device is not known to start from either of two copies of its bootloader (`bootloader` in agent.json), and the only one is not overwritten",
  [ROOTFS_IMAGE_TYPE]: "this device has no two slots for its system (`slots` in agent.json)",
  [SELF_UPDATE_TYPE]: "this agent runs without the launcher that could bring the old one back",
};

/**
 * Update modules of the device go before the built-in installers, so that a device can have its own `directory`; `app` is
 * the agent's own type, and needs the agent. So are `moult-server` and `moult-agent`, which no module of an image may do in
 * another way.
 */
export function createInstallers(deps: InstallersDeps): Installers {
  const { modulesDir, destRoot, appsDir } = deps.paths;
  const { payloadBytesMax } = deps.limits;
  const app = createAppInstaller({ appsDir, runtime: deps.apps, payloadBytesMax });
  const serverMove = createServerMoveInstaller(deps.serverMove);
  const builtIn: ReadonlyMap<string, Installer> = new Map([
    ["single-file", createSingleFileInstaller(destRoot)],
    ["directory", createDirectoryInstaller({ destRoot, payloadBytesMax })],
    ...(deps.rootfsImages === undefined
      ? []
      : [[ROOTFS_IMAGE_TYPE, deps.rootfsImages.installer] as const]),
    ...(deps.bootloader === undefined ? [] : [[BOOTLOADER_TYPE, deps.bootloader] as const]),
  ]);
  return {
    find: async (payloadType) => {
      if (payloadType === "app") return app;
      if (payloadType === "moult-server") return serverMove;
      if (payloadType === SELF_UPDATE_TYPE) return deps.selfUpdate?.installer;
      const module = await findUpdateModule(modulesDir, payloadType);
      if (module === undefined) return builtIn.get(payloadType);
      return createUpdateModule(module, deps);
    },
    whyNot: (payloadType) =>
      WANTING[payloadType] ??
      `there is neither an installer nor an update module for payload type ${payloadType}`,
    payloadTypes: async () => {
      const modules = await executablesIn(modulesDir);
      const own = [
        "app",
        "moult-server",
        ...(deps.selfUpdate === undefined ? [] : [SELF_UPDATE_TYPE]),
      ];
      const others = modules.filter((name) => name !== SELF_UPDATE_TYPE);
      return [...new Set([...own, ...builtIn.keys(), ...others])].toSorted();
    },
  };
}
