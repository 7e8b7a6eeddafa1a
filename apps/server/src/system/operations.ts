import type { Handlers } from "../platform/operation-handler.ts";
import type { Signer } from "../platform/signer-client.ts";
import type { Downloads } from "./downloads.ts";

export interface SystemHandlerDeps {
  readonly version: string;
  readonly publicUrl: () => string;
  /** PEM; null when the server's certificate is somebody else's, or it speaks plain HTTP. */
  readonly certificateAuthority: string | null;
  readonly signer: Pick<Signer, "publicKeys">;
  readonly downloads: Downloads;
  readonly checkInSeconds: number;
}

/** What devices must be provisioned with. */
export function createSystemHandlers(deps: SystemHandlerDeps): Handlers<"showSystem"> {
  const { version, publicUrl, certificateAuthority, signer, downloads } = deps;
  return {
    showSystem: async ({ db }) => ({
      version,
      tenantId: db.tenantId,
      publicUrl: publicUrl(),
      certificateAuthority,
      instructionKeys: [...(await signer.publicKeys())],
      checkInSeconds: deps.checkInSeconds,
      downloads: await downloads.list(),
    }),
  };
}
