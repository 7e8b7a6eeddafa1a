import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runTool } from "../../tools/rig/image/run-tool.ts";
import { describeScript } from "./script-cases.fixture.ts";
import {
  makeRedundantUBootMachine,
  type Choice,
  type ScriptMachine,
} from "./script-machine.fixture.ts";

// A board that keeps an environment of its own, in two copies, on the card that it starts from: U-Boot and Debian's tools for
// Linux write that one, U-Boot's script and the agent write ours. Whoever writes one leaves the other alone.

const OWN_OFFSETS = [0x8_0000, 0xc_0000] as const;
const OWN_BYTES = 0x1_0000;

/** It counts its starts, and saves that before it runs the script: as often as can be, and by U-Boot itself. */
const OWN_VARIABLES = `bootdelay=0
fdt_addr=0x40000000
kernel_addr_r=0x40400000
ramdisk_addr_r=0x44000000
scriptaddr=0x40200000
stdin=pl011@9000000
stdout=pl011@9000000
stderr=pl011@9000000
visits=0
bootcmd=setexpr visits \${visits} + 1; saveenv; load mmc 0:1 \${scriptaddr} boot.scr; source \${scriptaddr}
`;

let folder: string;
let machine: ScriptMachine;
let card: number;
let tools: readonly string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-own-"));
  machine = makeRedundantUBootMachine(folder);
  card = openSync(machine.place.file, "r+");
  const config = join(folder, "fw_env.config");
  // Its numbers are read as hexadecimal ones only.
  const line = (offset: number): string =>
    `${machine.place.file} 0x${offset.toString(16)} 0x${OWN_BYTES.toString(16)}\n`;
  writeFileSync(config, OWN_OFFSETS.map(line).join(""));
  tools = ["-c", config];
});
afterAll(() => {
  closeSync(card);
  machine.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  const [text, image] = [join(folder, "own.txt"), join(folder, "own.img")];
  writeFileSync(text, OWN_VARIABLES);
  runTool("mkenvimage", ["-r", "-s", String(OWN_BYTES), "-o", image, text]);
  for (const offset of OWN_OFFSETS) writeSync(card, readFileSync(image), 0, OWN_BYTES, offset);
  put(choice(1, "a"), choice(2, "a"));
});

const choice = (generation: number, good: string, trial = "", tries = 0): Choice => ({
  generation,
  good,
  trial,
  tries,
});
const copies = (): readonly string[] =>
  ([0, 1] as const).map((copy) => machine.read(copy).toString("latin1"));
const printed = (): string => runTool("fw_printenv", tools).toString("utf8");
const valueOf = (name: string): string =>
  runTool("fw_printenv", [...tools, "-n", name])
    .toString("utf8")
    .trim();
const set = (name: string, value: string): Buffer => runTool("fw_setenv", [...tools, name, value]);

/** As the agent writes a choice. */
const put = (first: Choice, second: Choice): void => {
  machine.write(0, machine.sectorOf(first));
  machine.write(1, machine.sectorOf(second));
};

test("a trial is started and counted while U-Boot saves variables of the board's at every start", () => {
  const before = printed();
  put(choice(7, "a", "b", 2), choice(8, "a", "b", 2));
  expect(printed()).toBe(before);

  const slots = [1, 2, 3].map(() => /moult: start slot=(\w)/.exec(machine.start())?.[1]);

  expect(slots).toEqual(["b", "b", "a"]);
  expect(valueOf("visits")).toBe("3");
  expect(machine.read(0)).toEqual(machine.sectorOf(choice(7, "a", "b", 2)));
  expect(machine.read(1)).toEqual(machine.sectorOf(choice(8, "a", "b", 0)));
});

test("what Debian's tools write is read by U-Boot, and is nothing to our copies", () => {
  put(choice(3, "b"), choice(4, "b"));
  const before = copies();

  set("visits", "41");
  set("site", "left");
  expect(copies()).toEqual(before);
  const said = machine.start();

  expect(said).toContain("moult.slot=b");
  expect(valueOf("visits")).toBe("42");
  expect(valueOf("site")).toBe("left");
  expect(copies()).toEqual(before);
});

test("words of ours in the board's own environment choose nothing, whole copies or none", () => {
  const words = { generation: "7f", good: "b", trial: "b", tries: "9", slot: "b", sure: "b" };
  for (const [name, value] of Object.entries({ ...words, next: "b", left: "9", both: "yes" }))
    set(`moult_${name}`, value);

  expect(machine.start()).toContain("moult: start slot=a good=a trial= tries=0");

  for (const copy of [0, 1] as const) machine.write(copy, Buffer.alloc(512, 0x5a));
  const said = machine.start();
  expect(said).toContain("moult: no boot environment");
  expect(said).toContain("moult: start slot=a good=a trial= tries=0");
  expect(valueOf("moult_good")).toBe("b");
});

test.each([
  ["the first copy", [0]],
  ["the second copy", [1]],
  ["both copies", [0, 1]],
] as const)(
  "a board that lost power while it wrote %s of its own environment starts what ours says",
  (_, torn) => {
    put(choice(3, "a", "b", 2), choice(4, "a", "b", 2));
    for (const copy of torn) {
      const half = Buffer.alloc(OWN_BYTES / 2, 0xff);
      // The variables stand at the beginning: what is overwritten from there is what they were.
      writeSync(card, half, 0, half.length, OWN_OFFSETS[copy] + 512);
      writeSync(card, Buffer.from("bootcmd=x"), 0, 9, OWN_OFFSETS[copy] + 16);
    }

    const said = machine.start();

    expect(said).toContain("moult: start slot=b good=a trial=b tries=1");
    expect(said).toContain("moult.slot=b");
    expect(machine.read(0)).toEqual(machine.sectorOf(choice(3, "a", "b", 2)));
    expect(machine.read(1)).toEqual(machine.sectorOf(choice(4, "a", "b", 1)));
  },
);

describeScript("U-Boot with an environment of its own beside ours", makeRedundantUBootMachine);
