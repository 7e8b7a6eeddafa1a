import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { AppError, present } from "@moult/base";
import { EventKind } from "@moult/model";
import * as z from "zod";
import type { TlsPlace } from "./platform/tls/open-tls.ts";

/** `problems` lists every mistake: where it is, and what would be right. */
class ConfigError extends AppError<"config-unreadable" | "config-invalid"> {}

const GIB = 1024 ** 3;
const DAY_SECONDS = 86_400;
const path = z.string().min(1).max(4096);
const tokenUri = z
  .string()
  .max(4096)
  .regex(/^pkcs11:.+/, "a pkcs11: URI");
/** Environment variables are text. */
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Left as it is, text that is no JSON is refused as what it is. */
function jsonOrText(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

/** What somebody has to see to; devices make the rest in masses. */
const TOLD_KINDS = [
  "trust-initialised",
  "trust-proposal-changed",
  "trust-role-expiring",
  "deployment-tripped",
  "device-identity-conflict",
  "receipt-invalid",
] as const;
const NotableKind = EventKind.exclude([
  "assignment-offered",
  "assignment-progressed",
  "assignment-closed",
  "device-running-changed",
  "device-inventory-changed",
]);

/** A receiver of Standard Webhooks. Its secret is in a file or a variable, so that settings can be shown. */
const WebhookSettings = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }),
    secretFile: path.optional(),
    /** The name of an environment variable, which does not begin with MOULT_. */
    secretVariable: z
      .string()
      .regex(/^(?!MOULT_)[A-Za-z_][A-Za-z0-9_]{0,127}$/)
      .optional(),
    kinds: z
      .array(NotableKind)
      .min(1)
      .default([...TOLD_KINDS]),
    /** It is on this machine or a network of its own; else such addresses are refused. */
    allowPrivate: z.boolean().default(false),
  })
  .refine(
    ({ secretFile, secretVariable }) =>
      (secretFile === undefined) !== (secretVariable === undefined),
    "either secretFile or secretVariable",
  )
  .refine(
    ({ url, allowPrivate }) => allowPrivate || url.startsWith("https:"),
    "plain http is for private networks: allowPrivate",
  );

/**
 * Every setting of the server. Sources, later ones win: defaults, the file (`--config`, JSON), the environment
 * (`MOULT_LISTEN_PORT` for `listen.port`), the command line. A name that is not here is an error, because a misspelt
 * setting would silently do nothing.
 */
export const ServerConfig = z.strictObject({
  /** Folder that holds everything of the server's: database, blobs, secrets, certificates. */
  data: path.default("/var/lib/moult-server"),
  listen: z
    .strictObject({
      host: z.string().min(1).max(255).default("0.0.0.0"),
      /** 0 takes a free one and says which. */
      port: whole(0, 65_535).default(8443),
    })
    .prefault({}),
  /** Where devices and people reach it; absent: this machine's name and the port. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  database: z
    .strictObject({
      /** `sqlite` (a file in the data folder) or a `postgres://` URL. */
      url: z
        .string()
        .max(4096)
        .regex(/^(?:sqlite|postgres(?:ql)?:\/\/.+)$/, "sqlite, or a postgres:// URL")
        .default("sqlite"),
      connectionsMax: whole(1, 200).default(10),
    })
    .prefault({}),
  tls: z
    .strictObject({
      /** `local`: an authority of its own, made at first start. `files`: certificates of yours. `off`: behind a proxy. */
      mode: z.enum(["local", "files", "off"]).default("local"),
      certificateFile: path.optional(),
      keyFile: path.optional(),
      /** Further host names and addresses for the local authority's certificate, separated by commas in the environment. */
      names: z
        .preprocess(
          (value) =>
            typeof value === "string" ? value.split(",").map((name) => name.trim()) : value,
          z.array(z.string().min(1).max(253)).max(100),
        )
        .default([]),
    })
    .refine(
      (tls) =>
        tls.mode !== "files" || (tls.certificateFile !== undefined && tls.keyFile !== undefined),
      'mode "files" needs certificateFile and keyFile',
    )
    .prefault({}),
  /** Folder of the built web console; absent: the one that `npm run build` makes. */
  webRoot: path.optional(),
  /** Addresses of proxies whose X-Forwarded-* headers are believed. */
  trustedProxies: z
    .preprocess(
      (value) => (typeof value === "string" ? value.split(",").map((name) => name.trim()) : value),
      z.array(z.string().min(1).max(64)).max(100),
    )
    .default([]),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
  devices: z
    .strictObject({
      /** How often a device checks in when nothing else calls it. */
      checkInSeconds: whole(1, 7 * DAY_SECONDS).default(60),
      /** How long an instruction may be acted on. */
      instructionLifetimeSeconds: whole(60, DAY_SECONDS).default(6 * 3_600),
      /** Devices that wait to be accepted; further ones are turned away. */
      pendingMax: whole(1, 10_000_000).default(10_000),
      /** Keys that wait to become one device's, because its machine was set up again. */
      pendingKeysPerDeviceMax: whole(1, 100).default(3),
    })
    .prefault({}),
  hawkbit: z
    .strictObject({
      /** The attribute in which devices of hawkBit's protocol say which release they run. */
      versionAttribute: z.string().min(1).max(128).default("sw_version"),
      /** How long after its client was done a device may go on to say that it runs what it ran before. */
      confirmSeconds: whole(1, 7 * DAY_SECONDS).default(1_800),
      /** Authorities of device certificates; empty: nobody is let in by one. The proxies are those of `trustedProxies`. */
      certificateAuthorities: z
        .preprocess(
          (value) =>
            typeof value === "string" ? value.split(",").map((name) => name.trim()) : value,
          z.array(z.string().min(1).max(256)).max(100),
        )
        .default([]),
      /** The header in which the proxy says the common name of the certificate it saw. */
      certificateNameHeader: z.string().min(1).max(64).default("X-Controller-Id"),
      /** The header in which it says who issued it. */
      certificateAuthorityHeader: z.string().min(1).max(64).default("X-Authority"),
    })
    .prefault({}),
  artifacts: z
    .strictObject({
      bytesMax: whole(1, 1024 * GIB).default(10 * GIB),
      /** Of all uploads together that are not finished, as announced. */
      unfinishedBytesMax: whole(1, 16 * 1024 * GIB).default(40 * GIB),
    })
    .prefault({}),
  /** Who else is told of events. In the environment this is JSON. */
  webhooks: z.preprocess(jsonOrText, z.array(WebhookSettings).max(10)).default([]),
  signer: z
    .strictObject({
      /** Installs signed in a minute; bounds what a server that was taken over can start. */
      installsPerMinute: whole(1, 1_000_000).default(6_000),
      /** Of a product's accepted devices that may get an install signed in an hour; 100: all of them. */
      devicesPercentPerHour: whole(1, 100).default(100),
      /** Keys on tokens, as PKCS#11 URIs that name a file with the PIN; absent: files in the data folder. */
      instructionKey: tokenUri.optional(),
      snapshotKey: tokenUri.optional(),
      timestampKey: tokenUri.optional(),
    })
    .prefault({}),
});
export type ServerConfig = z.infer<typeof ServerConfig>;

/** Variables with the same prefix that other parts of Moult read. */
const FOREIGN_VARIABLES = new Set(["MOULT_SERVER", "MOULT_API_KEY", "MOULT_CA"]);
const PREFIX = "MOULT_";

export interface ConfigSources {
  readonly configFile?: string | undefined;
  /** Settings of the command line, nested like the file. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export async function loadConfig(sources: ConfigSources): Promise<ServerConfig> {
  const file = sources.configFile === undefined ? {} : await readConfigFile(sources.configFile);
  const { settings, unknown } = fromEnvironment(sources.environment);
  const merged = merge(merge(file, settings), sources.overrides ?? {});
  const parsed = ServerConfig.safeParse(merged);
  const problems = [
    ...unknown.map((name) => `${name}: the environment has no such setting`),
    ...(parsed.success
      ? []
      : parsed.error.issues.map(
          (issue) => `${issue.path.join(".") || "config"}: ${issue.message}`,
        )),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError("config-invalid", { problems });
  return parsed.data;
}

async function readConfigFile(file: string): Promise<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new ConfigError("config-unreadable", { file, expected: "a JSON object" }, { cause });
  }
}

/** The leaves of the schema as environment variables: `tls.certificateFile` is `MOULT_TLS_CERTIFICATE_FILE`. */
export function settingPaths(): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  const walk = (schema: z.ZodType, above: readonly string[]): void => {
    const object = unwrap(schema);
    if (object instanceof z.ZodObject) {
      for (const [name, inner] of Object.entries(object.shape))
        walk(inner as z.ZodType, [...above, name]);
      return;
    }
    const words = above.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`));
    paths.set(PREFIX + words.join("_").toUpperCase(), above);
  };
  walk(ServerConfig, []);
  return paths;
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional
  )
    return unwrap(schema.def.innerType as z.ZodType);
  return schema;
}

function fromEnvironment(environment: ConfigSources["environment"]): {
  settings: Record<string, unknown>;
  unknown: readonly string[];
} {
  const paths = settingPaths();
  const unknown: string[] = [];
  let settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined || FOREIGN_VARIABLES.has(name)) continue;
    const found = paths.get(name);
    if (found === undefined) unknown.push(name);
    else
      settings = merge(
        settings,
        found.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value),
      );
  }
  return { settings, unknown };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function merge(below: unknown, above: unknown): Record<string, unknown> {
  const merged: Record<string, unknown> = isObject(below) ? { ...below } : {};
  for (const [key, value] of Object.entries(isObject(above) ? above : {}))
    if (value !== undefined) merged[key] = isObject(value) ? merge(merged[key], value) : value;
  return merged;
}

/** The settings as they may be logged: a database URL keeps its host and loses its password. */
export function redacted(config: ServerConfig): unknown {
  const { url } = config.database;
  // The path of a receiver's address may be a secret.
  const webhooks = config.webhooks.map((webhook) => ({
    ...webhook,
    url: new URL(webhook.url).origin,
  }));
  if (url === "sqlite") return { ...config, webhooks };
  const shown = URL.canParse(url) ? new URL(url) : undefined;
  if (shown !== undefined) {
    shown.password = shown.password === "" ? "" : "redacted";
    shown.search = "";
  }
  return {
    ...config,
    webhooks,
    database: { ...config.database, url: shown?.href ?? "postgres://(redacted)" },
  };
}

/** Where things lie below the data folder. */
export function dataPaths(config: ServerConfig) {
  const data = resolve(config.data);
  return {
    data,
    database: join(data, "moult.sqlite"),
    blobs: join(data, "blobs"),
    uploads: join(data, "uploads"),
    secrets: join(data, "secrets"),
    tls: join(data, "tls"),
    signer: join(data, "signer"),
    setupCode: join(data, "setup-code"),
  } as const;
}

/** The address that devices are provisioned with, once the port is known. */
export function publicUrlOf(config: ServerConfig, port: number): string {
  if (config.publicUrl !== undefined) return config.publicUrl.replace(/\/+$/, "");
  const scheme = config.tls.mode === "off" ? "http" : "https";
  const { host } = config.listen;
  const isEverywhere = host === "0.0.0.0" || host === "::";
  return `${scheme}://${isEverywhere ? hostname() : host.includes(":") ? `[${host}]` : host}:${port}`;
}

export function tlsPlace(config: ServerConfig): TlsPlace {
  const { mode, certificateFile, keyFile, names } = config.tls;
  switch (mode) {
    case "off":
      return { mode };
    case "files":
      return {
        mode,
        certificateFile: present(certificateFile, "the schema demands it"),
        keyFile: present(keyFile, "the schema demands it"),
      };
    case "local":
      return {
        mode,
        folder: dataPaths(config).tls,
        names: [
          ...new Set([
            "localhost",
            "127.0.0.1",
            "::1",
            hostname(),
            ...(config.publicUrl === undefined
              ? []
              : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, "")]),
            ...names,
          ]),
        ],
      };
  }
}
