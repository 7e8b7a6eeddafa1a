import type { Artifact } from "@moult/model";
import { useState } from "react";
import { bytes } from "../format/number.ts";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { toast } from "../ui/toasts.tsx";

/** Takes one artifact out of a release that has others. */
export function DeleteArtifact({
  artifact: { id, sizeBytes },
  title,
}: {
  readonly artifact: Artifact;
  /** "artifact 1 of 2" */
  readonly title: string;
}) {
  const [isAsking, setAsking] = useState(false);
  const refusal = useRefusal("releases:write");
  const remove = useAction("deleteArtifact", {
    refreshes: ["showRelease", "listReleases"],
    onDone: () => {
      setAsking(false);
      toast(`Deleted ${title}`);
    },
  });
  return (
    <>
      <Button
        kind="quiet"
        aria-label={`Delete ${title}…`}
        disabledReason={refusal}
        onClick={() => setAsking(true)}
      >
        Delete…
      </Button>
      <Confirm
        isOpen={isAsking}
        onClose={() => {
          remove.reset();
          setAsking(false);
        }}
        title={`Delete ${title}?`}
        action={`Delete ${title}`}
        isBusy={remove.isPending}
        problem={remove.error}
        onConfirm={() => remove.mutate({ params: { artifactId: id } })}
      >
        <p>
          Its {bytes(sizeBytes)} go from the server for good, and the devices that it is for are no
          longer offered this release. What runs keeps running.
        </p>
      </Confirm>
    </>
  );
}
