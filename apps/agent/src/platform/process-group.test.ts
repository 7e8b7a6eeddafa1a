import { expect, test } from "vitest";
import { killMarkedProcesses } from "./marked-processes.ts";
import { describeEnd, runProcess, startProcess, stopProcess } from "./process-group.ts";

const never = new AbortController().signal;
const LIMITS = { timeoutMs: 10_000, killAfterMs: 200 };

function sh(script: string, env: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const spec = {
    file: "/bin/sh",
    args: ["-c", script],
    cwd: "/",
    env: { ...process.env, ...env },
    onLine: (stream: string, line: string) => void lines.push(`${stream}: ${line}`),
  };
  return { spec, lines };
}

test("a program's lines come whole, also the last one without its newline", async () => {
  const { spec, lines } = sh('printf "one\\ntwo\\nthr"; printf "ee"; printf "err" >&2; exit 7');
  const end = await runProcess(spec, LIMITS, never);

  expect(end).toEqual({ kind: "exited", exitCode: 7 });
  expect(lines.toSorted()).toEqual(["stderr: err", "stdout: one", "stdout: three", "stdout: two"]);
});

test("a line without end comes in pieces", async () => {
  const { spec, lines } = sh("head -c 10000 /dev/zero | tr '\\0' x");
  await runProcess(spec, LIMITS, never);
  expect(lines.map((line) => line.length - "stdout: ".length)).toEqual([4_096, 4_096, 1_808]);
});

test("a program that is not there is an end, not an exception", async () => {
  const { spec } = sh("");
  const end = await runProcess({ ...spec, file: "/no/such/program" }, LIMITS, never);
  expect(end.kind).toBe("not-started");
  expect(describeEnd(end)).toMatch(/could not be started: .*ENOENT/);
});

test("a child that outlives its program does not hold up the end", async () => {
  const { spec } = sh("sleep 20 & echo started");
  const group = startProcess(spec);
  expect(await group.ended).toEqual({ kind: "exited", exitCode: 0 });
  group.kill("SIGKILL");
});

test("a program that does not end politely is killed", async () => {
  const { spec, lines } = sh('trap "" TERM; echo ready; while :; do sleep 0.05; done');
  const group = startProcess(spec);
  await expect.poll(() => lines).toContain("stdout: ready");
  expect(await stopProcess(group, 100)).toEqual({ kind: "killed", signal: "SIGKILL" });
});

test("processes are found by the mark in their environment, and no others", async () => {
  const value = `/mark/${process.pid}`;
  const marked = startProcess(sh("sleep 20 & sleep 20", { MOULT_TEST_MARK: value }).spec);
  const other = startProcess(sh("exec sleep 20", { MOULT_TEST_MARK: `${value}0` }).spec);

  expect(await killMarkedProcesses("MOULT_TEST_MARK", value)).toBeGreaterThanOrEqual(1);
  expect(await marked.ended).toEqual({ kind: "killed", signal: "SIGKILL" });
  expect(await killMarkedProcesses("MOULT_TEST_MARK", `${value}0`)).toBe(1);
  expect(await other.ended).toEqual({ kind: "killed", signal: "SIGKILL" });
});
