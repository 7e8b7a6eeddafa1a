import type { Upload } from "@moult/api";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { bytes } from "../format/number.ts";
import { duration } from "../format/time.ts";
import { plainText } from "../format/visible-text.ts";
import { client } from "../server/client.ts";
import { doneBytesOf, speedNow, type UploadItem } from "../uploads/upload-item.ts";
import { timeLeftMs } from "../uploads/transfer-speed.ts";
import { dropUpload, pauseUpload, resumeUpload } from "../uploads/upload-queue.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { Progress } from "../ui/progress.tsx";
import { Shape } from "../ui/shape.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { releaseTrust } from "../ui/trust-status.ts";
import { When } from "../ui/when.tsx";

const ROW = "flex flex-col gap-2 rounded-lg border border-line p-3";

/** One file of this tab: how far it is, and what can be done with it. */
export function UploadRow({ item }: { readonly item: UploadItem }) {
  const [isCancelling, setCancelling] = useState(false);
  const { file, product, channel } = item;
  return (
    <li className={ROW} aria-label={plainText(file.name)}>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="min-w-0">
          <Foreign text={file.name} />{" "}
          <span className="text-sm text-soft">
            {bytes(file.size)}, to {product}, channel {channel}
          </span>
        </span>
        <RowActions item={item} onCancel={() => setCancelling(true)} />
      </div>
      <RowState item={item} />
      <CancelUpload
        isOpen={isCancelling}
        onClose={() => setCancelling(false)}
        name={file.name}
        uploadId={item.uploadId}
        doneBytes={doneBytesOf(item)}
        sizeBytes={file.size}
        onDone={() => dropUpload(item.key)}
      />
    </li>
  );
}

function RowActions({
  item: { key, file, phase },
  onCancel,
}: {
  readonly item: UploadItem;
  readonly onCancel: () => void;
}) {
  const what = <span className="sr-only"> {plainText(file.name)}</span>;
  switch (phase.kind) {
    case "sending":
      return (
        <span className="flex gap-2">
          <Button onClick={() => pauseUpload(key)}>Pause{what}</Button>
          <Button onClick={onCancel}>Cancel{what}</Button>
        </span>
      );
    case "paused":
    case "broken":
      return (
        <span className="flex gap-2">
          <Button kind="primary" onClick={() => resumeUpload(key)}>
            Go on{what}
          </Button>
          <Button onClick={onCancel}>Cancel{what}</Button>
        </span>
      );
    case "refused":
      return (
        <span className="flex gap-2">
          <Button onClick={() => resumeUpload(key)}>Try again{what}</Button>
          <Button onClick={() => dropUpload(key)}>Remove{what}</Button>
        </span>
      );
    case "checking":
    case "verifying":
      return null;
    case "waiting":
    case "no-artifact":
    case "finished":
      return <Button onClick={() => dropUpload(key)}>Remove{what}</Button>;
  }
}

function RowState({ item }: { readonly item: UploadItem }) {
  const { phase, file } = item;
  switch (phase.kind) {
    case "checking":
      return <p className="text-soft">Reading its head…</p>;
    case "waiting":
      return <p className="text-soft">Waits for the file before it.</p>;
    case "no-artifact":
      return <Refused>{phase.sentence} Nothing was sent.</Refused>;
    case "sending":
      return (
        <Bar
          name={`Upload of ${plainText(file.name)}`}
          doneBytes={phase.doneBytes}
          sizeBytes={file.size}
          text={sendingText(item)}
        />
      );
    case "paused":
      return (
        <Bar
          name={`Upload of ${plainText(file.name)}`}
          doneBytes={phase.doneBytes}
          sizeBytes={file.size}
          text={`paused at ${bytes(phase.doneBytes)} of ${bytes(file.size)}`}
        />
      );
    case "broken":
      return (
        <>
          <ProblemPanel error={phase.error} />
          <p className="text-soft">What arrived is kept for a day: it goes on from there.</p>
        </>
      );
    case "verifying":
      return (
        <>
          <Bar
            name={`Verification of ${plainText(file.name)}`}
            doneBytes={phase.doneBytes}
            sizeBytes={file.size}
            text="the server verifies it"
          />
          {phase.problem !== null && (
            <p className="text-warn">
              <Foreign text={phase.problem.detail ?? phase.problem.title} />
            </p>
          )}
        </>
      );
    case "finished":
      return <Finished upload={phase.upload} />;
    case "refused":
      return <ProblemPanel error={phase.error} />;
  }
}

function sendingText(item: UploadItem): string {
  const { phase, file } = item;
  if (phase.kind !== "sending") return "";
  const done = `${bytes(phase.doneBytes)} of ${bytes(file.size)}`;
  if (phase.isBroken) return `${done}, the connection broke and is made again`;
  const speed = speedNow(item);
  const left = timeLeftMs(file.size - phase.doneBytes, speed);
  return [
    done,
    ...(speed === null ? [] : [`${bytes(speed)}/s`]),
    ...(left === null ? [] : [`about ${duration(left)} left`]),
  ].join(", ");
}

function Bar({
  name,
  doneBytes,
  sizeBytes,
  text,
}: {
  readonly name: string;
  readonly doneBytes: number;
  readonly sizeBytes: number;
  readonly text: string;
}) {
  const percent = sizeBytes === 0 ? 0 : Math.floor((doneBytes / sizeBytes) * 100);
  return (
    <div className="flex flex-col gap-1">
      <Progress name={name} percent={percent} text={`${percent} %, ${text}`} />
      <p className="tabular flex flex-wrap justify-between gap-x-3 text-sm text-soft">
        <span>{text}</span>
        <span>{percent} %</span>
      </p>
    </div>
  );
}

function Refused({ children }: { readonly children: ReactNode }) {
  return (
    <p className="flex items-start gap-2 text-bad">
      <span className="mt-0.5">
        <Shape name="octagon-cross" />
      </span>
      <span>{children}</span>
    </p>
  );
}

function Finished({ upload: { release, created } }: { readonly upload: Upload }) {
  if (release === null) return <p className="text-soft">It was deleted since.</p>;
  return (
    <p className="flex flex-wrap items-center gap-2 text-good">
      <Shape name="check-circle" />
      <span>
        {created === false ? "It was there already: release " : "It is in release "}
        <TextLink to="/releases/$releaseId" params={{ releaseId: release.id }}>
          <Foreign text={`${release.product} ${release.version}`} />
        </TextLink>
        {releaseTrust(release) !== "published" && (
          <span className="text-soft">
            . Devices with Moult’s agent take it once it is signed: it says how.
          </span>
        )}
      </span>
    </p>
  );
}

/** An upload that this tab does not send: of another tab, or from before a reload. */
export function EarlierUpload({ upload }: { readonly upload: Upload }) {
  const [isCancelling, setCancelling] = useState(false);
  const queryClient = useQueryClient();
  const { id, fileName, sizeBytes, receivedBytes, verifiedBytes, state, expiresAt } = upload;
  return (
    <li className={ROW} aria-label={plainText(fileName)}>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="min-w-0">
          <Foreign text={fileName} />{" "}
          <span className="text-sm text-soft">
            {bytes(sizeBytes)}, to {upload.product}, channel {upload.channel}
          </span>
        </span>
        {state === "uploading" && (
          <Button onClick={() => setCancelling(true)}>
            Cancel<span className="sr-only"> {plainText(fileName)}</span>
          </Button>
        )}
      </div>
      {state === "uploading" && (
        <p className="text-soft">
          {bytes(receivedBytes)} of {bytes(sizeBytes)} are here. Choose the same file again and it
          goes on from there; else they are deleted <When at={expiresAt} />.
        </p>
      )}
      {state === "verifying" && (
        <Bar
          name={`Verification of ${plainText(fileName)}`}
          doneBytes={verifiedBytes}
          sizeBytes={sizeBytes}
          text="the server verifies it"
        />
      )}
      {state === "refused" && upload.problem !== null && (
        <Refused>
          <Foreign text={upload.problem.detail ?? upload.problem.title} />
        </Refused>
      )}
      <CancelUpload
        isOpen={isCancelling}
        onClose={() => setCancelling(false)}
        name={fileName}
        uploadId={id}
        doneBytes={receivedBytes}
        sizeBytes={sizeBytes}
        onDone={() => void queryClient.invalidateQueries({ queryKey: ["listUploads"] })}
      />
    </li>
  );
}

function CancelUpload({
  isOpen,
  onClose,
  name,
  uploadId,
  doneBytes,
  sizeBytes,
  onDone,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly name: string;
  readonly uploadId: string | undefined;
  readonly doneBytes: number;
  readonly sizeBytes: number;
  readonly onDone: () => void;
}) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const cancel = async (): Promise<void> => {
    setBusy(true);
    try {
      if (uploadId !== undefined) await client.cancelUpload(uploadId);
      onDone();
      onClose();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Confirm
      isOpen={isOpen}
      onClose={onClose}
      title={`Cancel the upload of ${plainText(name)}?`}
      action="Delete what arrived"
      isBusy={isBusy}
      problem={problem}
      onConfirm={() => void cancel()}
    >
      <p>
        {bytes(doneBytes)} of {bytes(sizeBytes)} are on the server and are deleted. To go on later
        instead, pause it: they are kept for a day.
      </p>
    </Confirm>
  );
}
