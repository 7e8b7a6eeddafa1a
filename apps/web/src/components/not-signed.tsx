import type { Release } from "@moult/model";
import { Shape } from "../ui/shape.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { ARTIFACT_TRUST, releaseTrust } from "../ui/trust-status.ts";

/** Says before anything is deployed that part of the devices will wait for signatures. */
export function NotSigned({ release }: { readonly release: Release | undefined }) {
  const state = release === undefined ? undefined : releaseTrust(release);
  if (release === undefined || state === undefined || state === "published") return null;
  return (
    <p className="flex items-start gap-2 rounded-md bg-warn-tint px-2 py-1 text-sm text-warn">
      <span className="mt-0.5 shrink-0">
        <Shape name={ARTIFACT_TRUST[state].shape} size={14} />
      </span>
      <span>
        {state === "proposed"
          ? "This release still waits for signatures"
          : "Offline keys have not signed this release"}
        : devices that verify end to end wait until they have.{" "}
        <TextLink to="/releases/$releaseId" params={{ releaseId: release.id }}>
          How to sign it
        </TextLink>
      </span>
    </p>
  );
}
