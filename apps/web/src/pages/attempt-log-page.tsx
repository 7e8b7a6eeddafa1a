import type { AssignmentId } from "@moult/model";
import { useParams } from "@tanstack/react-router";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { DeploymentLink } from "../components/deployment-link.tsx";
import { LOG_PAGE, linesOf, logView, type LogView } from "../components/log-lines.ts";
import { counted, exactCount } from "../format/number.ts";
import { attemptLogPath, useAttemptLog } from "../server/attempt-log.ts";
import { useOperation } from "../server/operation-query.ts";
import { isNowhere } from "../server/problem.ts";
import { Badge } from "../ui/badge.tsx";
import { Button, buttonClass } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Empty } from "../ui/panel.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { OUTCOME } from "../ui/status.ts";
import { When } from "../ui/when.tsx";

export function AttemptLogPage() {
  const params = useParams({ from: "/frame/devices/$deviceId/logs/$assignmentId/$attempt" });
  const assignmentId = params.assignmentId as AssignmentId;
  const attempt = Number(params.attempt);
  const log = useAttemptLog(assignmentId, attempt);
  return (
    <div className="flex flex-col gap-3">
      <LogHead assignmentId={assignmentId} attempt={attempt} />
      {isNowhere(log.error) ? (
        <Empty title="The device sent no log of this try" />
      ) : (
        <Answered answer={log} what="log" rows={12}>
          {(text) => <Log text={text} path={attemptLogPath(assignmentId, attempt)} />}
        </Answered>
      )}
    </div>
  );
}

function LogHead({
  assignmentId,
  attempt,
}: {
  readonly assignmentId: AssignmentId;
  readonly attempt: number;
}) {
  const { data } = useOperation("showAssignment", { params: { assignmentId } });
  const shown = data?.attempts.find((one) => one.attempt === attempt);
  return (
    <header className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <h2 className="text-lg">Log of try {attempt}</h2>
      {data !== undefined && (
        <DeploymentLink deploymentId={data.deploymentId} name={data.deploymentName} />
      )}
      {shown !== undefined && (
        <>
          {shown.outcome !== null && <Badge status={OUTCOME[shown.outcome]} />}
          <span className="text-soft">
            began <When at={shown.startedAt} />
          </span>
          {shown.detail !== null && (
            <p className="basis-full text-soft">
              {shown.code !== null && <code>{shown.code} </code>}
              <Foreign text={shown.detail} />
            </p>
          )}
        </>
      )}
    </header>
  );
}

function Log({ text, path }: { readonly text: string; readonly path: string }) {
  const [part, setPart] = useState("");
  const [shown, setShown] = useState(LOG_PAGE);
  const lines = useMemo(() => linesOf(text), [text]);
  const view = useMemo(() => logView(lines, shown, part), [lines, shown, part]);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox
          label="Find lines"
          placeholder="Text of a line"
          value={part}
          onChange={setPart}
        />
        <span className="tabular text-soft" role="status">
          {part === ""
            ? counted(view.total, "line")
            : `${exactCount(view.fitting)} of ${counted(view.total, "line")}`}
        </span>
        <CopyButton text={text} what="whole log" />
        <a href={path} download className={buttonClass("plain")}>
          Download
        </a>
      </div>
      {view.earlier > 0 && (
        <div>
          <Button onClick={() => setShown(shown + LOG_PAGE)}>
            Load earlier: {counted(view.earlier, "line")} before these
          </Button>
        </div>
      )}
      {view.lines.length === 0 ? (
        <Empty title={part === "" ? "The log is empty" : "No line has that text"} />
      ) : (
        <LogLines view={view} />
      )}
    </div>
  );
}

/** Opens at its end, where it says how the try went. */
function LogLines({ view }: { readonly view: LogView }) {
  const region = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = region.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, []);
  return (
    <div
      ref={region}
      role="region"
      aria-label="Log"
      tabIndex={0}
      className="max-h-[65vh] overflow-auto rounded-lg border border-line bg-raised p-2 font-mono text-xs leading-5"
    >
      <ol>
        {view.lines.map((line) => (
          <li key={line.number} className="flex gap-3">
            <span
              aria-hidden="true"
              className="tabular w-10 shrink-0 select-none text-right text-faint"
            >
              {line.number}
            </span>
            <span className="min-w-0 whitespace-pre-wrap">
              <Foreign text={line.text} />
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
