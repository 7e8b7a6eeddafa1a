import { CopyButton } from "./copy-button.tsx";

/** A command to copy into a terminal. A long one scrolls by itself: it is copied, not read. */
export function CommandLine({
  command,
  what,
}: {
  readonly command: string;
  readonly what: string;
}) {
  return (
    <div className="flex items-start gap-2 rounded-lg border border-line bg-raised p-2">
      <pre
        tabIndex={0}
        aria-label={what}
        className="max-h-72 min-w-0 flex-1 overflow-auto whitespace-pre-wrap p-1 text-sm [overflow-wrap:anywhere]"
      >
        {command}
      </pre>
      <CopyButton text={command} what={what} />
    </div>
  );
}
