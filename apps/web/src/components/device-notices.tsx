import type { Reply } from "@moult/client";
import type { ReactNode } from "react";
import { classNames } from "../ui/class-names.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Shape, type ShapeName } from "../ui/shape.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { TONE_TEXT, TONE_TINT, type Tone } from "../ui/tone.ts";
import { When } from "../ui/when.tsx";

/** What is unusual about a device, above everything else that is said of it. */
export function DeviceNotices({ device }: { readonly device: Reply<"showDevice"> }) {
  const {
    id: deviceId,
    state,
    identityConflictAt,
    hold,
    pendingKeyFingerprint,
    lastSeenAt,
  } = device;
  const identity = (
    <TextLink to="/devices/$deviceId/identity" params={{ deviceId }}>
      See its identity
    </TextLink>
  );
  return (
    <>
      {state === "decommissioned" && (
        <Notice tone="wait" shape="square-struck">
          It was decommissioned, and that is for good. What is known of it stays readable.
        </Notice>
      )}
      {state === "rejected" && (
        <Notice tone="wait" shape="circle-bar">
          Its key was refused: it gets no updates until somebody accepts it.
        </Notice>
      )}
      {identityConflictAt !== null && (
        <Notice tone="bad" shape="warning">
          Two machines speak with its key since <When at={identityConflictAt} />. It gets no updates
          until somebody accepts the right one again. {identity}
        </Notice>
      )}
      {hold !== null && state !== "decommissioned" && (
        <Notice tone="wait" shape="circle-bar">
          <Foreign text={hold.by} /> holds it since <When at={hold.since} />
          {hold.until !== null && (
            <>
              {" "}
              until <When at={hold.until} />
            </>
          )}
          , and no deployment offers it anything: <Foreign text={hold.note} />
        </Notice>
      )}
      {state === "accepted" && pendingKeyFingerprint !== null && (
        <Notice tone="warn" shape="plus-dashed">
          A machine with a new key asks to be this device. {identity}
        </Notice>
      )}
      {state === "accepted" && lastSeenAt === null && (
        <Notice tone="quiet" shape="dotted-circle-dash">
          It enrolled <When at={device.enrolledAt} /> and was never heard of. It usually means no
          network, or a wrong server address.
        </Notice>
      )}
    </>
  );
}

function Notice({
  tone,
  shape,
  children,
}: {
  readonly tone: Tone;
  readonly shape: ShapeName;
  readonly children: ReactNode;
}) {
  return (
    <p className={classNames("mb-4 flex items-start gap-2 rounded-lg px-3 py-2", TONE_TINT[tone])}>
      <span className={classNames("mt-0.5", TONE_TEXT[tone])}>
        <Shape name={shape} />
      </span>
      <span>{children}</span>
    </p>
  );
}
