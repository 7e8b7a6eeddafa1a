import { Worker } from "node:worker_threads";

import type { CampaignResult, ControlResult, ExhaustiveResult } from "@moult/simulator";

export type Task =
  | { readonly kind: "seeds"; readonly from: number; readonly to: number }
  | { readonly kind: "planted"; readonly name: string; readonly seedsMax: number }
  /** Every cut of one of the exhaustive cases. */
  | { readonly kind: "exhaustive"; readonly index: number };

export type TaskResult =
  | { readonly kind: "seeds"; readonly result: CampaignResult }
  | { readonly kind: "planted"; readonly result: ControlResult }
  | { readonly kind: "exhaustive"; readonly result: ExhaustiveResult };

/** Runs tasks on `count` threads, the next one wherever a thread is free, until `next` has no more. */
export async function runTasks(
  count: number,
  next: () => Task | undefined,
  onResult: (task: Task, result: TaskResult) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => runThread(next, onResult)));
}

async function runThread(
  next: () => Task | undefined,
  onResult: (task: Task, result: TaskResult) => void,
): Promise<void> {
  const worker = new Worker(new URL("./sim-worker.ts", import.meta.url));
  try {
    for (let task = next(); task !== undefined; task = next())
      onResult(task, await ask(worker, task));
  } finally {
    await worker.terminate();
  }
}

function ask(worker: Worker, task: Task): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const forget = (): void => {
      worker.removeAllListeners("message");
      worker.removeAllListeners("error");
    };
    worker.once("message", (result: TaskResult) => {
      forget();
      resolve(result);
    });
    worker.once("error", (error) => {
      forget();
      reject(error);
    });
    worker.postMessage(task);
  });
}
