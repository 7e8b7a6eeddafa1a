import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BOOT_COPY_NAMES,
  chooseBoot,
  encodeBootCopy,
  type BootEnvironment,
} from "@moult/agent-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

// The launcher in real shells. Its agents are shell scripts here, which end, crash and hang as they are told to.

vi.setConfig({ testTimeout: 60_000 });

const LAUNCHER = fileURLToPath(new URL("../../launcher/moult-agent-launcher", import.meta.url));
/** What the launcher needs, by BusyBox; Debian's has all but this one. */
const APPLETS = ["cmp", "dd", "readlink", "sleep", "sync", "wc"];
const CKSUM = "/usr/bin/cksum";

interface Shell {
  readonly command: readonly string[];
  /** Where its programs are; undefined: those of this machine. */
  readonly path?: string;
}

let folder: string;
let shells: Readonly<Record<string, Shell>>;
const children: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-launcher-"));
  const applets = join(folder, "applets");
  mkdirSync(applets);
  for (const name of APPLETS) symlinkSync("/bin/busybox", join(applets, name));
  symlinkSync(CKSUM, join(applets, "cksum"));
  shells = {
    dash: { command: ["dash"] },
    "busybox sh": { command: ["/bin/busybox", "sh"], path: applets },
  };
});

afterAll(async () => {
  for (const child of children.splice(0)) await killAll(child);
  rmSync(folder, { recursive: true, force: true });
});

/** The launcher and all that it started: a power cut. */
async function killAll(launcher: ChildProcess): Promise<void> {
  if (launcher.exitCode !== null || launcher.signalCode !== null) return;
  const ended = once(launcher, "exit");
  process.kill(-(launcher.pid ?? 0), "SIGKILL");
  await ended;
}

const NAMES = ["dash", "busybox sh"];

const environment = (parts: Partial<BootEnvironment> = {}): BootEnvironment => ({
  generation: 7,
  good: "a",
  trial: null,
  triesLeft: 0,
  ...parts,
});
const copy = (parts: Partial<BootEnvironment> = {}): Uint8Array =>
  encodeBootCopy(environment(parts));
const ON_TRIAL = { good: "a", trial: "b", triesLeft: 2 } as const;

/** `cksum FILE`, without the name. */
function sumOf(content: string): string {
  return spawnSync("cksum", { input: content, encoding: "utf8" }).stdout.trim();
}

class Device {
  /** For what else a test needs. */
  readonly near: string;
  readonly dir: string;
  readonly factory: string;
  readonly #shell: Shell;
  readonly #agents = new Map<string, string>();

  constructor(shell: string) {
    this.#shell = shells[shell] ?? { command: [shell] };
    this.near = mkdtempSync(join(folder, "device-"));
    this.dir = join(this.near, "slots");
    this.factory = join(this.near, "factory.mjs");
    mkdirSync(this.dir);
    for (const slot of ["factory", "a", "b"]) this.agent(slot, "exit 0");
    this.note();
    this.environment(copy({ generation: 6 }), copy());
  }

  /** What the agent of a slot does, after it has said which one it is. */
  agent(slot: string, script: string): void {
    const text = `echo "${slot} $MOULT_AGENT_SLOT $*" >>"${this.log}"\n${script}\n`;
    this.#agents.set(slot, text);
    writeFileSync(slot === "factory" ? this.factory : join(this.dir, `agent-${slot}.mjs`), text);
  }

  /** What the agent notes about the slots when it has filled one. */
  note(more = ""): void {
    const lines = [...this.#agents].map(([slot, text]) => `${slot}=${sumOf(text)}\n`);
    writeFileSync(join(this.dir, "slots"), lines.join("") + more);
  }

  environment(...copies: readonly Uint8Array[]): void {
    for (const [index, bytes] of copies.entries())
      writeFileSync(join(this.dir, `boot-env.${index}`), bytes);
  }

  get log(): string {
    return join(this.dir, "log");
  }

  /** The slots of the agents that were started, in order. */
  started(): readonly string[] {
    if (!existsSync(this.log)) return [];
    const lines = readFileSync(this.log, "utf8").trim().split("\n");
    return lines.map((line) => {
      const [script, slot] = line.split(" ");
      return script === slot ? `${script}` : `${script} as ${slot}`;
    });
  }

  start(args: readonly string[] = ["daemon"], more: NodeJS.ProcessEnv = {}): ChildProcess {
    const [shell = "sh", ...shellArgs] = this.#shell.command;
    const child = spawn(shell, [...shellArgs, LAUNCHER, ...args], {
      env: {
        PATH: this.#shell.path ?? process.env["PATH"],
        MOULT_NODE: "/bin/sh",
        MOULT_NODE_FLAGS: "",
        MOULT_AGENT_DIR: this.dir,
        MOULT_AGENT_FACTORY: this.factory,
        ...more,
      },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    children.push(child);
    return child;
  }

  async run(args?: readonly string[], more?: NodeJS.ProcessEnv) {
    const child = this.start(args, more);
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, said };
  }
}

/** Tests beside each other have no test of their own that `expect.poll` could belong to. */
const until = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: 20_000 });

describe.concurrent.each(NAMES)("the launcher in %s", (shell) => {
  test("chooses and writes what the portable code does, whatever it finds", () => {
    const text = readFileSync(LAUNCHER, "utf8");
    const functions = text.slice(0, text.indexOf("# ---- Start"));
    const { near } = new Device(shell);
    const harness = join(near, "harness");
    writeFileSync(
      harness,
      `${functions}\nfor dir in "$1"/*; do\n  choose\n  [ -z "$text" ] || write_copy || slot=$good\n  echo "$slot $good $certain"\ndone\n`,
    );
    const cases = fc.sample(fc.tuple(someCopy, someCopy), { numRuns: 250, seed: 7 });
    const at = join(near, "cases");
    const expected = cases.map((copies, index) => {
      const dir = join(at, String(index).padStart(4, "0"));
      mkdirSync(dir, { recursive: true });
      for (const [which, bytes] of copies.entries())
        if (bytes !== undefined) writeFileSync(join(dir, BOOT_COPY_NAMES[which as 0 | 1]), bytes);
      return { dir, copies, decision: chooseBoot(copies) };
    });
    const { command, path } = shells[shell] ?? { command: [shell] };
    const [program = "sh", ...args] = command;
    const ran = spawnSync(program, [...args, harness, at], {
      encoding: "utf8",
      env: { PATH: path ?? process.env["PATH"] },
    });

    expect(ran.stderr).toBe("");
    const lines = ran.stdout.trim().split("\n");
    expect(lines).toHaveLength(cases.length);
    let writes = 0;
    for (const [index, { dir, copies, decision }] of expected.entries()) {
      const { slot, good, isCertain, write } = decision;
      expect([index, lines[index]]).toEqual([index, `${slot} ${good} ${isCertain ? "yes" : "no"}`]);
      for (const which of [0, 1] as const) {
        const after = write?.copy === which ? write.bytes : copies[which];
        const file = join(dir, BOOT_COPY_NAMES[which]);
        if (after === undefined) expect(existsSync(file)).toBe(false);
        else expect(readFileSync(file).equals(after)).toBe(true);
      }
      if (write !== null) writes += 1;
    }
    expect(writes).toBeGreaterThan(40);
  });

  test("starts the good slot with the arguments it got", async () => {
    const device = new Device(shell);
    expect(await device.run(["daemon", "--root", "/x y"])).toMatchObject({ code: 0, said: "" });
    expect(readFileSync(device.log, "utf8")).toBe("a a daemon --root /x y\n");
  });

  test.each<[string, (device: Device) => void]>([
    [
      "the slots follow another factory's file",
      (device) => writeFileSync(device.factory, `echo "factory factory" >>"${device.log}"`),
    ],
    ["nothing was ever installed", ({ dir }) => rmSync(dir, { recursive: true })],
    [
      "no copy of the boot environment is valid",
      (device) => device.environment(new Uint8Array(512), new Uint8Array(3)),
    ],
    ["the good slot is damaged", ({ dir }) => writeFileSync(join(dir, "agent-a.mjs"), "damaged")],
    ["the good slot is gone", ({ dir }) => rmSync(join(dir, "agent-a.mjs"))],
  ])("starts the factory's agent when %s", async (_, damage) => {
    const device = new Device(shell);
    damage(device);
    if (!existsSync(device.dir)) {
      const seen = join(device.near, "seen");
      writeFileSync(device.factory, `echo factory >"${seen}"`);
      await device.run();
      expect(readFileSync(seen, "utf8")).toBe("factory\n");
      return;
    }
    await device.run();
    expect(device.started()).toEqual(["factory"]);
  });

  test("starts the slot that is whole when the other one and the factory's file are lost", async () => {
    const device = new Device(shell);
    rmSync(device.factory);
    writeFileSync(join(device.dir, "agent-a.mjs"), "damaged");
    await device.run();
    expect(device.started()).toEqual(["b"]);
  });

  test("says so and fails when there is nothing to start", async () => {
    const device = new Device(shell);
    for (const file of [
      device.factory,
      join(device.dir, "agent-a.mjs"),
      join(device.dir, "agent-b.mjs"),
    ])
      rmSync(file);
    expect(await device.run()).toMatchObject({
      code: 1,
      said: expect.stringContaining("there is no agent"),
    });
  });

  test("does not try a slot that does not hold what was put there", async () => {
    const device = new Device(shell);
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    writeFileSync(join(device.dir, "agent-b.mjs"), "half of an agen");
    const { said } = await device.run();
    expect(device.started()).toEqual(["a"]);
    expect(said).toContain("slot b does not hold what was put there");
  });

  test("does not try a slot whose tries cannot be counted", async () => {
    const device = new Device(shell);
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    rmSync(join(device.dir, "boot-env.1"));
    mkdirSync(join(device.dir, "boot-env.1"));
    const { said } = await device.run();
    expect(device.started()).toEqual(["a"]);
    expect(said).toContain("cannot be counted");
  });

  test("a copy that is too long is none, and is written anew", async () => {
    const device = new Device(shell);
    device.environment(copy({ generation: 8, ...ON_TRIAL }), new Uint8Array(600));
    await device.run();
    expect(device.started()).toEqual(["b", "b", "a"]);
    expect(readFileSync(join(device.dir, "boot-env.1")).length).toBe(512);
  });

  test.each([
    ["crashes at once", "exit 1"],
    ["ends without a word", "exit 0"],
    ["asks to be started again and again", "exit 86"],
    ["is killed", "kill -9 $$"],
    ["cannot be read as a program", "if then"],
  ])("brings the old agent back when the new one %s", async (_, script) => {
    const device = new Device(shell);
    device.agent("b", script);
    device.note();
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    expect(await device.run()).toMatchObject({ code: 0 });
    expect(device.started()).toEqual(["b", "b", "a"]);
  });

  test.each([
    ["hangs", "exec sleep 300"],
    ["hangs and does not end when it is told to", "trap '' TERM; while :; do sleep 1; done"],
  ])("brings the old agent back when the new one %s", async (_, script) => {
    const device = new Device(shell);
    device.agent("b", script);
    device.note("trial-seconds=1\n");
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    const { code, said } = await device.run(["daemon"], { MOULT_AGENT_KILL_SECONDS: "1" });
    expect(code).toBe(0);
    expect(device.started()).toEqual(["b", "a"]);
    expect(said).toContain("was not confirmed within 1 seconds");
  });

  test("lets the new agent go on once it is confirmed", async () => {
    const device = new Device(shell);
    const confirmed = join(device.near, "confirmed");
    writeFileSync(confirmed, copy({ generation: 20, good: "b" }));
    device.agent("b", `cp ${confirmed} ${device.dir}/boot-env.1; sleep 2; exit 7`);
    device.note("trial-seconds=1\n");
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    // Whoever started the launcher starts it again when its agent crashes.
    expect(await device.run(["daemon"], { PATH: process.env["PATH"] })).toMatchObject({ code: 7 });
    expect(device.started()).toEqual(["b"]);
    await device.run(["daemon"], { PATH: process.env["PATH"] });
    expect(device.started()).toEqual(["b", "b"]);
  });

  test("a new agent that goes back by itself is followed by the old one at once", async () => {
    const device = new Device(shell);
    const disarmed = join(device.near, "disarmed");
    writeFileSync(disarmed, copy({ generation: 20 }));
    device.agent("b", `cp ${disarmed} ${device.dir}/boot-env.1; exit 86`);
    device.note();
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    await device.run(["daemon"], { PATH: process.env["PATH"] });
    expect(device.started()).toEqual(["b", "a"]);
  });

  test("a power cut in the middle of a trial counts as one start of it", async () => {
    const device = new Device(shell);
    device.agent("b", "exec sleep 300");
    device.note();
    device.environment(copy({ generation: 8, ...ON_TRIAL }));
    for (const expected of [["b"], ["b", "b"], ["b", "b", "a"]]) {
      const launcher = device.start();
      await until(() => expect(device.started()).toEqual(expected));
      await killAll(launcher);
    }
  });

  test.each(["a", "b"])(
    "hands signals on to the agent of slot %s and ends with it",
    async (slot) => {
      const device = new Device(shell);
      const ready = join(device.near, "ready");
      const script = `trap 'echo usr1 >>"${device.log}"' USR1; trap 'exit 0' TERM; echo >"${ready}"; while :; do sleep 0.1; done`;
      for (const name of ["a", "b"]) device.agent(name, script);
      device.note();
      if (slot === "b") device.environment(copy({ generation: 8, ...ON_TRIAL }));
      const launcher = device.start(["daemon"], { PATH: process.env["PATH"] });
      await until(() => expect(existsSync(ready)).toBe(true));
      launcher.kill("SIGUSR1");
      await until(() => expect(readFileSync(device.log, "utf8")).toContain("usr1"));
      launcher.kill("SIGTERM");
      const [code] = (await once(launcher, "exit")) as [number | null];
      expect(code).toBe(0);
      expect(device.started()[0]).toBe(slot);
    },
  );

  test("runs other commands with the good agent, and takes no try away", async () => {
    const device = new Device(shell);
    const armed = copy({ generation: 8, ...ON_TRIAL });
    device.environment(armed);
    expect(await device.run(["--config", "daemon", "status", "--json"])).toMatchObject({ code: 0 });
    expect(readFileSync(device.log, "utf8")).toBe("a  --config daemon status --json\n");
    expect(readFileSync(join(device.dir, "boot-env.0")).equals(armed)).toBe(true);
  });

  test("finds the factory's agent beside itself, and the slots below --root", async () => {
    const device = new Device(shell);
    const root = join(device.near, "root");
    const installed = join(device.near, "installed");
    mkdirSync(installed);
    writeFileSync(join(installed, "moult-agent-launcher"), readFileSync(LAUNCHER));
    writeFileSync(
      join(installed, "moult-agent.mjs"),
      `echo "$MOULT_AGENT_DIR $0" >"${device.near}/seen"`,
    );
    symlinkSync(join(installed, "moult-agent-launcher"), join(device.near, "moult-agent"));
    const { command, path } = shells[shell] ?? { command: [shell] };
    const [program = "sh", ...args] = command;
    spawnSync(program, [...args, join(device.near, "moult-agent"), "daemon", "--root", root], {
      env: { PATH: path ?? process.env["PATH"], MOULT_NODE: "/bin/sh", MOULT_NODE_FLAGS: "" },
    });
    expect(readFileSync(join(device.near, "seen"), "utf8")).toBe(
      `${root}/var/lib/moult/agent ${installed}/moult-agent.mjs\n`,
    );
    expect(device.started()).toEqual([]);
  });
});

/** Copies as they are found: whole ones near each other, damaged ones, none. */
const someCopy: fc.Arbitrary<Uint8Array | undefined> = fc
  .record({
    generation: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 1e14 })),
    good: fc.constantFrom("a" as const, "b" as const),
    isTrial: fc.constantFrom(true, true, false),
    triesLeft: fc.integer({ min: 0, max: 9 }),
    damage: fc.constantFrom(
      "none",
      "none",
      "none",
      "none",
      "bit",
      "short",
      "long",
      "missing",
      "resummed",
    ),
    at: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ generation, good, isTrial, triesLeft, damage, at }) => {
    const bytes = encodeBootCopy({
      generation,
      good,
      trial: isTrial ? (good === "a" ? "b" : "a") : null,
      triesLeft: isTrial ? triesLeft : 0,
    });
    if (damage === "missing") return undefined;
    if (damage === "short") return bytes.slice(0, at);
    if (damage === "long") return Uint8Array.from([...bytes, 0x23]);
    if (damage === "bit") bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    return damage === "resummed" ? resummed(bytes, at) : bytes;
  });

/** Text that says what no copy says, under a check that is right. */
function resummed(bytes: Uint8Array, which: number): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const lines = text.slice(0, text.indexOf("cksum="));
  const changed = [
    lines.replace("generation=", "generation=0"),
    lines.replace(/tries=./, "tries=10"),
    lines.replace(/trial=.?/, `trial=${/good=(.)/.exec(lines)?.[1] ?? ""}`),
    lines.replace("good=", "good= "),
    lines.replace("environment 1", "environment 2"),
    lines.replace("generation=", "generation=1234567890123456"),
  ][which % 6];
  const [sum] = spawnSync("cksum", { input: changed, encoding: "utf8" }).stdout.split(" ");
  return Buffer.from(`${changed}cksum=${sum}\n`.padEnd(512, "#"), "latin1");
}
