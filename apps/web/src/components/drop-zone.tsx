import { useRef, useState, type DragEvent } from "react";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";

/** Takes files that are dropped on it or chosen by its button; dragging is never the only way. */
export function DropZone({
  disabledReason,
  onFiles,
}: {
  readonly disabledReason: string | undefined;
  readonly onFiles: (files: readonly File[]) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const files = [...event.dataTransfer.files];
    if (disabledReason === undefined && files.length > 0) onFiles(files);
  };
  return (
    <div
      role="group"
      aria-label="Files to upload"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(disabledReason === undefined);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={classNames(
        "flex flex-col items-center gap-3 rounded-lg border-2 border-dashed px-4 py-8 text-center max-sm:border-0 max-sm:p-0",
        isOver ? "border-primary bg-move-tint" : "border-control",
      )}
    >
      <p className="text-soft max-sm:hidden">
        Drop artifacts here (.mender, .swu, .raucb), one or several, or
      </p>
      <Button kind="primary" disabledReason={disabledReason} onClick={() => input.current?.click()}>
        Choose files
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Artifacts to upload"
        onChange={({ target }) => {
          const files = [...(target.files ?? [])];
          // The same file can be chosen again.
          target.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    </div>
  );
}
