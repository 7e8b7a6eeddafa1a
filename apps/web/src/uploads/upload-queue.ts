import { ApiProblem, browserUploadMemory, type UploadMemory } from "@moult/client";
import type { UploadId } from "@moult/model";
import { useSyncExternalStore } from "react";
import { client } from "../server/client.ts";
import { isSignedOut } from "../server/problem.ts";
import { announce } from "../ui/announcer.ts";
import { foreignProblem } from "./foreign-problem.ts";
import { artifactHeadProblem, HEAD_BYTES } from "./artifact-head.ts";
import {
  doneBytesOf,
  isMoving,
  nextToSend,
  withProgress,
  type ForeignNames,
  type UploadItem,
  type UploadPhase,
} from "./upload-item.ts";

// The files of this tab. They go on while other pages are looked at; only leaving the console stops them.

let items: readonly UploadItem[] = [];
let lastKey = 0;
const listeners = new Set<() => void>();
const sending = new Map<number, AbortController>();

export const useUploadItems = (): readonly UploadItem[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => items,
  );

const askBeforeLeaving = (event: BeforeUnloadEvent): void => event.preventDefault();

function set(next: readonly UploadItem[]): void {
  items = next;
  for (const listener of listeners) listener();
  if (isMoving(items)) window.addEventListener("beforeunload", askBeforeLeaving);
  else window.removeEventListener("beforeunload", askBeforeLeaving);
}

const itemOf = (key: number): UploadItem | undefined => items.find((item) => item.key === key);

function change(key: number, changed: Partial<Pick<UploadItem, "phase" | "uploadId">>): void {
  set(items.map((item) => (item.key === key ? { ...item, ...changed } : item)));
}

function setPhase(key: number, phase: UploadPhase): void {
  change(key, { phase });
  const next = nextToSend(items);
  if (next !== undefined) void send(next);
}

/** Looks at the head of each file, and sends those that are artifacts, one after the other. */
export function addFiles(
  files: readonly File[],
  place: ForeignNames & { readonly product: string; readonly channel: string },
): void {
  const added = files.map((file): UploadItem => {
    lastKey += 1;
    return { ...place, key: lastKey, file, uploadId: undefined, phase: { kind: "checking" } };
  });
  set([...items, ...added]);
  for (const item of added) void check(item);
}

async function check({ key, file, version, hardwareTypes }: UploadItem): Promise<void> {
  const problem = await headProblem(file);
  const sentence = problem && foreignProblem(file.name, { version, hardwareTypes }, problem);
  setPhase(key, sentence === undefined ? { kind: "waiting" } : { kind: "no-artifact", sentence });
}

async function headProblem(file: File): Promise<string | undefined> {
  try {
    return artifactHeadProblem(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
  } catch {
    return "The file cannot be read.";
  }
}

async function send(item: UploadItem): Promise<void> {
  const { key, file, product, channel, version, hardwareTypes } = item;
  const stop = new AbortController();
  sending.set(key, stop);
  change(key, { phase: { kind: "sending", doneBytes: 0, samples: [], isBroken: false } });
  const hear = (next: (item: UploadItem) => UploadPhase): void => {
    const item = itemOf(key);
    if (item !== undefined && !stop.signal.aborted) setPhase(key, next(item));
  };
  try {
    const upload = await client.resumableUpload(
      file,
      {
        product,
        channel,
        fileName: file.name,
        ...(version === "" ? {} : { version }),
        ...(hardwareTypes.length === 0 ? {} : { hardwareTypes }),
      },
      {
        signal: stop.signal,
        memory: memoryOf(key),
        onProgress: ({ phase, doneBytes, problem }) =>
          hear((item) =>
            phase === "verifying"
              ? { kind: "verifying", doneBytes, problem }
              : withProgress(item, doneBytes, performance.now()),
          ),
        onBroken: () =>
          hear(({ phase }) => (phase.kind === "sending" ? { ...phase, isBroken: true } : phase)),
      },
    );
    announce(`Uploaded ${file.name}`);
    hear(() => ({ kind: "finished", upload }));
  } catch (error) {
    hear((item) =>
      error instanceof ApiProblem && !isSignedOut(error)
        ? { kind: "refused", error }
        : { kind: "broken", doneBytes: doneBytesOf(item), error },
    );
  } finally {
    if (sending.get(key) === stop) sending.delete(key);
  }
}

/** The browser's memory of uploads, which tells on the way which one a file's is. */
function memoryOf(key: number): UploadMemory {
  const memory = browserUploadMemory(localStorage);
  const hear = (id: string | undefined): void => {
    if (id !== undefined) change(key, { uploadId: id as UploadId });
  };
  return {
    forget: (fingerprint) => memory.forget(fingerprint),
    remember: async (fingerprint, id) => {
      hear(id);
      await memory.remember(fingerprint, id);
    },
    recall: async (fingerprint) => {
      const id = await memory.recall(fingerprint);
      hear(id);
      return id;
    },
  };
}

export function pauseUpload(key: number): void {
  const item = itemOf(key);
  if (item?.phase.kind !== "sending") return;
  sending.get(key)?.abort();
  setPhase(key, { kind: "paused", doneBytes: doneBytesOf(item) });
}

/** Goes on from what the server has, after the files before it. */
export const resumeUpload = (key: number): void => setPhase(key, { kind: "waiting" });

/** Takes a file off the list, and stops it. What arrived stays on the server for a day. */
export function dropUpload(key: number): void {
  sending.get(key)?.abort();
  set(items.filter((item) => item.key !== key));
  const next = nextToSend(items);
  if (next !== undefined) void send(next);
}
