import type { Blobs, Clock, Log } from "@moult/base";
import type { TenantId } from "@moult/model";
import type { FastifyInstance } from "fastify";
import type { ServerConfig } from "./config.ts";
import { createControllerSessions } from "./device-session/index.ts";
import type { LastSeen } from "./devices/index.ts";
import type { Database } from "./platform/database.ts";
import { hawkbitRoutes, proxyAddresses } from "./protocols/hawkbit/index.ts";

interface HawkbitParts {
  readonly database: Database;
  readonly tenantId: TenantId;
  readonly blobs: Pick<Blobs, "read">;
  readonly lastSeen: LastSeen;
  readonly clock: Clock;
  readonly publicUrl: () => string;
  readonly log: Log;
}

/** hawkBit's protocol, wired as the settings say. */
export async function mountHawkbit(
  app: FastifyInstance,
  config: ServerConfig,
  { tenantId, publicUrl, log, ...parts }: HawkbitParts,
): Promise<void> {
  const { versionAttribute, confirmSeconds } = config.hawkbit;
  const sessions = createControllerSessions({ ...parts, versionAttribute, confirmSeconds });
  await app.register(
    async (scope) =>
      hawkbitRoutes(scope, {
        sessions,
        // hawkBit's clients are set up with the name of its one tenant.
        tenantOf: (name) => (/^default$/i.test(name) || name === tenantId ? tenantId : undefined),
        publicUrl,
        certificateProxy: certificateProxyOf(config),
        clock: parts.clock,
        checkInSeconds: config.devices.checkInSeconds,
        log,
      }),
    { prefix: "/:tenant/controller/v1/:controllerId" },
  );
}

function certificateProxyOf({ hawkbit, trustedProxies }: ServerConfig) {
  const {
    certificateAuthorities: authorities,
    certificateNameHeader: nameHeader,
    certificateAuthorityHeader: authorityHeader,
  } = hawkbit;
  if (authorities.length === 0) return undefined;
  return { addresses: proxyAddresses(trustedProxies), nameHeader, authorityHeader, authorities };
}
