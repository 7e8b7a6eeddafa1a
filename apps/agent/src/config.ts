import { join, resolve } from "node:path";
import { DeviceIdentity } from "@moult/model";
import { HoldPoint } from "@moult/model";
import * as z from "zod";
import { AgentError } from "./agent-error.ts";
import type { AgentPaths } from "./agent-paths.ts";
import { LOG_LEVELS } from "./platform/log.ts";
import { readFileIfPresent } from "./storage/durable-file.ts";

const AbsolutePath = z.string().regex(/^\//, "an absolute path").max(4096);
const DAY_SECONDS = 86_400;
const HoldPoints = z.array(HoldPoint).max(HoldPoint.options.length);
const seconds = (min: number, max: number) => z.int().min(min).max(max);

/** The two places of the system, for devices whose bootloader chooses between them (docs/guide/system-updates.md). */
const SlotsConfig = z
  .strictObject({
    bootloader: z.enum(["grub", "u-boot", "raw", "systemd-boot"]),
    /** The partition of the boot environment; of systemd-boot the EFI system partition. */
    environment: AbsolutePath,
    devices: z.strictObject({ a: AbsolutePath, b: AbsolutePath }),
    /** Starts of one trial. Absent: two, and the only one that there is with systemd-boot. */
    tries: z.int().min(1).max(9).optional(),
    /** U-Boot was built with CONFIG_SYS_REDUNDAND_ENVIRONMENT. Needed only where no copy is left to tell it by. */
    redundantEnvironment: z.boolean().optional(),
  })
  .refine(({ environment, devices: { a, b } }) => new Set([environment, a, b]).size === 3, {
    message: "slots and environment are three places",
  })
  .refine(({ bootloader, tries = 1 }) => bootloader !== "systemd-boot" || tries === 1, {
    path: ["tries"],
    message: "systemd-boot gives a trial one start",
  })
  .refine(
    ({ bootloader, redundantEnvironment }) =>
      bootloader === "u-boot" || redundantEnvironment === undefined,
    { path: ["redundantEnvironment"], message: "only U-Boot is built with one or without" },
  );
export type SlotsConfig = z.infer<typeof SlotsConfig>;
export type BootloaderName = SlotsConfig["bootloader"];

/** The page cache writes back so much at once: what is beside a copy must not be in it. */
const PAGE_BYTES = 4_096;

/** Where a platform has one copy of its bootloader. */
const BootArea = z.strictObject({
  device: AbsolutePath,
  offsetBytes: z.int().min(0).multipleOf(PAGE_BYTES).default(0),
  sizeBytes: z.int().min(PAGE_BYTES).multipleOf(PAGE_BYTES),
  /** One of an eMMC's own boot partitions, which Linux has to be asked to let write. */
  forceRo: z.boolean().optional(),
});
export type BootArea = z.infer<typeof BootArea>;

/** Platforms that can start from either of two copies of their bootloader (docs/guide/system-updates.md). */
const BootloaderConfig = z
  .strictObject({
    copies: z.strictObject({ a: BootArea, b: BootArea }),
    /** Says which copy started the machine and which one will, and chooses. */
    program: AbsolutePath,
  })
  .refine(
    ({ copies: { a, b } }) =>
      a.device !== b.device ||
      a.offsetBytes + a.sizeBytes <= b.offsetBytes ||
      b.offsetBytes + b.sizeBytes <= a.offsetBytes,
    { path: ["copies"], message: "the copies are two places" },
  );
export type BootloaderConfig = z.infer<typeof BootloaderConfig>;

/**
 * `/etc/moult/agent.json`. Every setting has a default, so the file may be missing; a setting that this agent does not
 * know is an error, because a misspelt one would silently do nothing. `docs/guide/agent.md` describes them all.
 */
export const AgentConfig = z.strictObject({
  logLevel: z.enum(LOG_LEVELS).default("info"),
  /** What tells this device from others. Absent: the MAC address of its first network card. */
  identity: z
    .union([
      z.strictObject({ script: AbsolutePath }),
      z.strictObject({ attributes: DeviceIdentity }),
    ])
    .optional(),
  inventory: z
    .strictObject({
      intervalSeconds: seconds(1, 7 * DAY_SECONDS).default(1_800),
      /** One run of one script. */
      timeoutSeconds: seconds(1, 3_600).default(60),
    })
    .prefault({}),
  /** Bounds for what the server asks: it can neither silence a device nor drain its battery. */
  checkIn: z
    .strictObject({
      secondsMin: seconds(1, DAY_SECONDS).default(5),
      secondsMax: seconds(1, 7 * DAY_SECONDS).default(DAY_SECONDS),
    })
    .refine((bounds) => bounds.secondsMin <= bounds.secondsMax, "secondsMin is above secondsMax")
    .prefault({}),
  http: z
    .strictObject({
      /** One request and its whole answer; downloads have bounds of their own. */
      timeoutSeconds: seconds(1, 600).default(60),
    })
    .prefault({}),
  download: z
    .strictObject({
      /** A connection that brings less than this over `windowSeconds` is given up and taken up again. */
      bytesPerSecondMin: z.int().min(1).default(128),
      windowSeconds: seconds(1, 3_600).default(60),
      /** For the whole file, over all tries. */
      deadlineSeconds: seconds(1, 7 * DAY_SECONDS).default(DAY_SECONDS),
      /** Left free on the disk, whatever the size of the file. */
      reserveBytes: z
        .int()
        .min(0)
        .default(8 * 1024 * 1024),
    })
    .prefault({}),
  clock: z
    .strictObject({
      /** Set the machine's clock when it is behind what is known to have passed. Absent: yes, unless `--root` is used. */
      lift: z.boolean().optional(),
    })
    .prefault({}),
  updates: z
    .strictObject({
      /** New software must be healthy and have reached the server within this, or the old comes back. */
      confirmTimeoutSeconds: seconds(1, DAY_SECONDS).default(900),
      moduleTimeoutSeconds: seconds(1, 7 * DAY_SECONDS).default(14_400),
      /** From the polite end of a process that took too long to its kill. */
      killAfterSeconds: seconds(1, 3_600).default(60),
      scriptTimeoutSeconds: seconds(1, 7 * DAY_SECONDS).default(3_600),
      scriptRetryIntervalSeconds: seconds(1, DAY_SECONDS).default(60),
      scriptRetryTimeoutSeconds: seconds(1, 7 * DAY_SECONDS).default(1_800),
      /** The step that a person at the device has to say yes to (`moult-agent consent yes`). */
      consent: z.enum(["none", ...HoldPoint.options]).default("none"),
      /** Before which steps of an update each of the device's circumstances holds it (`paths.contextDir`). */
      conditions: z
        .strictObject({
          busy: HoldPoints.default(["install", "reboot"]),
          driving: HoldPoints.default(["install", "reboot"]),
          metered: HoldPoints.default(["download"]),
          battery: HoldPoints.default(["install", "reboot"]),
          /** Less holds, unless the device is on power. */
          batteryPercentMin: z.number().min(0).max(100).default(30),
          /** For reasons of a context script's own. */
          other: HoldPoints.default(["download", "install", "reboot"]),
          /** For context scripts that fail, hang or cannot be understood. */
          unknown: HoldPoints.default(["install", "reboot"]),
          /** Between two runs of the context scripts while an update waits. */
          intervalSeconds: seconds(1, DAY_SECONDS).default(60),
          /** One run of one script. */
          timeoutSeconds: seconds(1, 3_600).default(10),
        })
        .prefault({}),
      /** How long the device's circumstances may put off one step of an update; then it is given up, or the reboot done. */
      holdSecondsMax: seconds(1, 366 * DAY_SECONDS).default(7 * DAY_SECONDS),
      rebootTimeoutSeconds: seconds(1, 3_600).default(600),
      /** Program and arguments that restart the machine. Absent: `reboot`; with `--root` the machine is not restarted. */
      rebootCommand: z.array(z.string().min(1)).min(1).optional(),
      /** Sum of the unpacked payload bytes of one artifact. */
      payloadBytesMax: z
        .int()
        .min(1)
        .default(64 * 1024 ** 3),
    })
    .prefault({}),
  /** Absent: the system is not updated by images. */
  slots: SlotsConfig.optional(),
  /** Absent: the machine's bootloader is not updated. */
  bootloader: BootloaderConfig.optional(),
  /** How a new system is judged, beside `paths.healthDir`. */
  health: z
    .strictObject({
      /** Units of systemd that have to be active. */
      units: z.array(z.string().regex(/^[A-Za-z0-9:_.@\\-]+$/, "the name of a unit")).default([]),
      /** All has to be well at once within this. */
      deadlineSeconds: seconds(1, DAY_SECONDS).default(300),
      intervalSeconds: seconds(1, 3_600).default(5),
      /** One run of one check. */
      timeoutSeconds: seconds(1, 3_600).default(60),
    })
    .prefault({}),
  /** Absent: the agent leaves the machine's watchdog alone. */
  watchdog: z
    .strictObject({
      device: AbsolutePath.default("/dev/watchdog"),
      /** Never longer than a third of the watchdog's own time. */
      intervalSeconds: seconds(1, 3_600).default(15),
    })
    .optional(),
  /** Folders and files in other places than the default ones; never moved by `--root`. */
  paths: z
    .strictObject({
      dataDir: AbsolutePath.optional(),
      identityDir: AbsolutePath.optional(),
      provisioningFile: AbsolutePath.optional(),
      artifactInfoFile: AbsolutePath.optional(),
      modulesDir: AbsolutePath.optional(),
      inventoryDir: AbsolutePath.optional(),
      scriptsDir: AbsolutePath.optional(),
      rootfsScriptsDir: AbsolutePath.optional(),
      contextDir: AbsolutePath.optional(),
      appsDir: AbsolutePath.optional(),
      destRoot: AbsolutePath.optional(),
      /** Holds the second copy of the security counter: apart from `dataDir`, best beside the boot environment. */
      bootStateDir: AbsolutePath.optional(),
      /** A file whose content differs between any two boots. */
      bootIdFile: AbsolutePath.optional(),
      /** Says by `moult.slot=a` which slot the bootloader started. */
      kernelCommandLineFile: AbsolutePath.optional(),
      healthDir: AbsolutePath.optional(),
      /** The firmware's variables, for systemd-boot. */
      efiVariablesDir: AbsolutePath.optional(),
      /** Empty after a restart of the machine. */
      runDir: AbsolutePath.optional(),
    })
    .prefault({}),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** Where everything of one agent is, beyond what its update runner needs to know. */
export interface AgentFolders extends AgentPaths {
  /** The device's key: small, apart from the data folder, read-only in normal life, so that it outlives a lost `/data`. */
  readonly identityDir: string;
  readonly provisioningFile: string;
  /** `artifact_name=…` and what else the factory image provides (Mender: `/etc/mender/artifact_info`). */
  readonly artifactInfoFile: string;
  /** Executables `moult-inventory-*` and `mender-inventory-*`. */
  readonly inventoryDir: string;
  readonly bootIdFile: string;
  readonly kernelCommandLineFile: string;
  /** Executables that a new system has to pass. */
  readonly healthDir: string;
  readonly efiVariablesDir: string;
  /** For what is about this run of the machine alone. */
  readonly runDir: string;
  /** Where the security counter is mirrored, so that it outlives a lost data folder. */
  readonly bootStateDir: string;
}

export interface LoadedConfig {
  readonly config: AgentConfig;
  readonly folders: AgentFolders;
  /** Whether this agent shares its machine with others of its kind (`--root`). */
  readonly isReRooted: boolean;
}

/** Where the running slot is mounted, which the next system replaces; undefined where no system is replaced. */
export const slotFolderOf = ({ config, isReRooted }: LoadedConfig): string | undefined =>
  config.slots === undefined || isReRooted ? undefined : "/";

/** What the command line says about where the agent lives. */
export interface ConfigOptions {
  readonly root?: string | undefined;
  readonly configFile?: string | undefined;
}

/** Reads the configuration; throws `config-invalid` with every mistake in it. Only an explicitly named file must exist. */
export async function loadConfig(options: ConfigOptions): Promise<LoadedConfig> {
  const root = resolve(options.root ?? "/");
  const path = options.configFile ?? join(root, "etc/moult/agent.json");
  const content = await readFileIfPresent(path);
  if (content === undefined && options.configFile !== undefined)
    throw new AgentError("config-invalid", { path, problems: ["there is no such file"] });

  const config = content === undefined ? AgentConfig.parse({}) : parseConfig(path, content);
  return { config, folders: foldersOf(config, root), isReRooted: options.root !== undefined };
}

function parseConfig(path: string, content: Buffer): AgentConfig {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch (cause) {
    throw new AgentError("config-invalid", { path, problems: ["it is not JSON"] }, { cause });
  }
  const parsed = AgentConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AgentError("config-invalid", { path, problems: problemsOf(parsed.error) });
}

/** One line per mistake, with its place in the file. */
export function problemsOf(error: z.ZodError): readonly string[] {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
}

function foldersOf({ paths }: AgentConfig, root: string): AgentFolders {
  const dataDir = paths.dataDir ?? join(root, "var/lib/moult");
  return {
    dataDir,
    identityDir: paths.identityDir ?? join(root, "var/lib/moult-identity"),
    provisioningFile: paths.provisioningFile ?? join(root, "etc/moult/provisioning.json"),
    artifactInfoFile: paths.artifactInfoFile ?? join(root, "etc/moult/artifact_info"),
    modulesDir: paths.modulesDir ?? join(root, "usr/share/moult/modules/v3"),
    inventoryDir: paths.inventoryDir ?? join(root, "usr/share/moult/inventory"),
    scriptsDir: paths.scriptsDir ?? join(dataDir, "scripts"),
    rootfsScriptsDir: paths.rootfsScriptsDir ?? join(root, "etc/moult/scripts"),
    contextDir: paths.contextDir ?? join(root, "etc/moult/context.d"),
    appsDir: paths.appsDir ?? join(dataDir, "apps"),
    destRoot: paths.destRoot ?? root,
    bootStateDir: paths.bootStateDir ?? join(root, "boot/moult"),
    bootIdFile: paths.bootIdFile ?? "/proc/sys/kernel/random/boot_id",
    kernelCommandLineFile: paths.kernelCommandLineFile ?? "/proc/cmdline",
    efiVariablesDir: paths.efiVariablesDir ?? "/sys/firmware/efi/efivars",
    healthDir: paths.healthDir ?? join(root, "etc/moult/health.d"),
    runDir: paths.runDir ?? join(root, "run/moult"),
  };
}
