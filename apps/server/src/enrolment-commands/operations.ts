import type { Clock } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { issueEnrolmentToken } from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { signatureRule } from "../products/index.ts";
import type { Downloads } from "../system/index.ts";
import { newestRoot } from "../trust/index.ts";
import { enrolmentCommand } from "./enrolment-command.ts";

export interface EnrolmentCommandDeps {
  readonly clock: Clock;
  readonly publicUrl: () => string;
  /** PEM; null when the server's certificate is somebody else's, or it speaks plain HTTP. */
  readonly certificateAuthority: string | null;
  readonly downloads: Pick<Downloads, "list">;
}

/** The server knows its address, its keys and its agent, so it writes the command; whoever shows it need not. */
export function createEnrolmentCommandHandlers(
  deps: EnrolmentCommandDeps,
): Handlers<"createEnrolmentCommand"> {
  const { clock, publicUrl, certificateAuthority, downloads } = deps;
  return {
    createEnrolmentCommand: async ({ db }, { body }) => {
      const { product, hardwareType, channel } = body;
      const { agent } = await downloads.list();
      if (agent === null)
        throw new ApiError(
          "state-conflict",
          "This server has no agent to give to devices; `npm run build` makes it where the server runs.",
        );
      const rule = await signatureRule(db, product);
      if (rule === undefined)
        throw new ApiError("not-found", `There is no product "${product}"; create it first.`);
      const root = await newestRoot(db);
      const { token, secret } = await issueEnrolmentToken(db, body, clock.now());
      const provisioning = Provisioning.parse({
        version: 1,
        server: {
          url: body.serverUrl ?? publicUrl(),
          ...(certificateAuthority === null ? {} : { certificateAuthority }),
        },
        tenantId: db.tenantId,
        product,
        hardwareType,
        pathPrefix: `${product}/${channel}/`,
        root: root.text,
        artifactKeys: rule.required ? rule.pems : [],
        enrolmentToken: secret,
      });
      // Tells servers apart: a device of one cannot be made one of another by replacing its provisioning.
      const folder = `moult-${product}-${root.firstSha256.slice(0, 8)}`;
      return { token, folder, command: enrolmentCommand({ provisioning, agent, folder }) };
    },
  };
}
