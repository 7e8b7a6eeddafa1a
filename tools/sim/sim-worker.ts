import { parentPort } from "node:worker_threads";

import { present, unreachable } from "@moult/base";
import { EXHAUSTIVE_CASES, exploreCuts, findPlanted, runSeeds } from "@moult/simulator";

import { platform } from "./platform.ts";
import type { Task, TaskResult } from "./workers.ts";

// One of several threads that run worlds: takes a task, answers with what came of it.

// Stacks of errors that worlds throw by the million are never read.
Error.stackTraceLimit = 0;

const port = parentPort;
if (port === null) throw new Error("this file is run by tools/sim.ts");
port.on("message", (task: Task) => {
  void run(task).then((result) => port.postMessage(result));
});

async function run(task: Task): Promise<TaskResult> {
  switch (task.kind) {
    case "seeds":
      return { kind: "seeds", result: await runSeeds(platform, task.from, task.to) };
    case "planted":
      return { kind: "planted", result: await findPlanted(platform, task.name, task.seedsMax) };
    case "exhaustive": {
      const what = present(EXHAUSTIVE_CASES[task.index], "there are only so many cases");
      return { kind: "exhaustive", result: await exploreCuts({ platform, what }) };
    }
    default:
      return unreachable(task);
  }
}
