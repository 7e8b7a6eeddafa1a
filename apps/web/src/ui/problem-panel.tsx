import { shownProblem } from "../server/problem.ts";
import { Button } from "./button.tsx";
import { CopyButton } from "./copy-button.tsx";
import { Foreign } from "./foreign.tsx";
import { Shape } from "./shape.tsx";

/** What failed, in the server's words, with the number that finds it in the server's log. The rest of the page stays. */
export function ProblemPanel({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}) {
  const { title, detail, requestId, issues } = shownProblem(error);
  return (
    <div role="alert" className="rounded-lg border border-bad bg-bad-tint p-3 text-ink">
      <p className="flex items-center gap-2 font-semibold text-bad">
        <Shape name="octagon-cross" />
        {title}
      </p>
      {detail !== "" && (
        <p className="mt-1">
          <Foreign text={detail} />
        </p>
      )}
      {issues.length > 0 && (
        <ul className="mt-1 list-disc pl-5">
          {issues.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path !== "" && <code>{path}: </code>}
              <Foreign text={message} />
            </li>
          ))}
        </ul>
      )}
      <div className="mt-2 flex flex-wrap items-center gap-3 text-sm text-soft">
        {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
        {requestId !== null && (
          <span className="flex items-center gap-1">
            Request <code className="break-all">{requestId}</code>
            <CopyButton text={requestId} what="request id" />
          </span>
        )}
      </div>
    </div>
  );
}
