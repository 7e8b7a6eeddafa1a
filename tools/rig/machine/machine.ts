import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

export interface MachineOptions {
  /** Where the disk is served. */
  readonly socketPath: string;
  /** Everything on the serial line, over all starts. */
  readonly serialLog: string;
  readonly onLine: (line: string) => void;
}

/** A virtual machine from power-on to its reset, its end or its kill. */
export interface Machine {
  readonly pid: number;
  /** When the process is gone: `reset` when the guest asked for one, or what the emulator complained of. */
  readonly ended: Promise<MachineEnd>;
  /** Takes the power away. */
  kill(): void;
}

export type MachineEnd =
  | { readonly kind: "reset" }
  | { readonly kind: "killed" }
  | { readonly kind: "failed"; readonly detail: string };

/**
 * Emulation in software, on purpose: where hardware's help is only half there it hangs. A reset ends the process
 * (`-no-reboot`), because resets inside of one get slower each time; the disk, which is served elsewhere, keeps its cache.
 */
function argumentsOf(socketPath: string): string[] {
  const disk = `driver=nbd,node-name=d0,server.type=unix,server.path=${socketPath}`;
  return [
    "-nodefaults -display none -machine q35,accel=tcg -cpu max -smp 1 -m 320 -no-reboot -serial stdio",
    "-device virtio-blk-pci,drive=d0,bootindex=0",
    "-netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile=",
  ]
    .flatMap((line) => line.split(" "))
    .concat("-blockdev", disk);
}

export function startMachine({ socketPath, serialLog, onLine }: MachineOptions): Machine {
  const child = spawn("qemu-system-x86_64", argumentsOf(socketPath), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(serialLog, { flags: "a" });
  let complaint = "";
  let isKilled = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4_000);
  });
  const lines = createLineReader(onLine);
  child.stdout.on("data", (chunk: Buffer) => {
    log.write(chunk);
    lines(chunk.toString("latin1"));
  });
  // Whatever ends this process, no machine stays behind.
  const endWithUs = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", endWithUs);
  const ended = new Promise<MachineEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      process.off("exit", endWithUs);
      log.end();
      if (isKilled) resolve({ kind: "killed" });
      else if (exitCode === 0) resolve({ kind: "reset" });
      else resolve({ kind: "failed", detail: `exit ${exitCode}: ${complaint}` });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: () => {
      isKilled = true;
      child.kill("SIGKILL");
    },
  };
}

// oxlint-disable-next-line no-control-regex -- What a terminal would obey is what is taken out.
const TERMINAL_CODES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78c])/g;

/** Calls `onLine` for each whole line, without the codes that move a terminal's cursor. */
export function createLineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.replaceAll(TERMINAL_CODES, "").replaceAll("\r", ""));
  };
}
