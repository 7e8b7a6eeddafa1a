import { expect, test } from "vitest";
import { GRUB_ENVIRONMENT } from "../boards/grub-environment.ts";
import { EnvironmentStates } from "./environment-states.ts";

const OFFSETS = [8_192, 12_288] as const;

function block(generation: number, good: string, trial = "", tries = 0): Buffer {
  const lines = [
    "# GRUB Environment Block",
    `moult_generation=${generation}`,
    `moult_good=${good}`,
    `moult_trial=${trial}`,
    `moult_tries=${tries}`,
  ];
  return Buffer.from(`${lines.join("\n")}\n`.padEnd(1024, "#"));
}

function watched() {
  const wrong: string[] = [];
  const states = new EnvironmentStates({
    environment: GRUB_ENVIRONMENT,
    offsets: OFFSETS,
    blocks: [block(1, "a"), block(2, "a")],
    onWrong: (detail) => wrong.push(detail),
  });
  const write = (copy: 0 | 1, bytes: Buffer, isForced = false) =>
    states.onDiskEvent({ kind: "write", offset: OFFSETS[copy], bytes, isForced });
  return { states, wrong, write, flush: () => states.onDiskEvent({ kind: "flush" }) };
}

test("a choice that goes into the copy that does not hold, and is flushed before the other follows, is right in every state", () => {
  const { states, wrong, write, flush } = watched();
  write(0, block(3, "a", "b", 2).subarray(0, 512));
  flush();
  write(1, block(4, "a", "b", 2).subarray(0, 512));
  flush();
  expect(wrong).toEqual([]);
  expect(states.counts).toEqual({ writes: 2, states: 4 });
});

test("a choice whose words lie in two sectors is found to be torn", () => {
  const { wrong, write } = watched();
  const far = block(3, "b");
  const padded = Buffer.concat([
    Buffer.from(`# GRUB Environment Block\n${"#".repeat(480)}\nmoult_gen`),
    Buffer.from("eration=3\nmoult_good=b\nmoult_trial=\nmoult_tries=0\n"),
  ]);
  padded.copy(far.fill("#"));
  write(0, far);
  expect(wrong).toEqual([]);
  // Alone each half is no copy, and the other copy holds; with both copies written at once, neither may be left.
  write(1, far);
  expect(wrong.some((detail) => detail.startsWith("neither copy can be read"))).toBe(true);
});

test("a flush that is missing between two choices is found where the older one is mixed with the newer", () => {
  const { wrong, write } = watched();
  write(0, block(9, "b"));
  write(1, block(3, "a", "b", 1));
  // Only the second survives: nobody chose that alone, because the first was chosen over it.
  expect(new Set(wrong)).toEqual(
    new Set([
      "good=a trial=b tries=1, which nobody chose: good=a trial= tries=0; good=b trial= tries=0",
    ]),
  );
});

test("a write that is durable at once is looked at while it is written, and then stays", () => {
  const { states, wrong, write } = watched();
  write(1, block(2, "a", "b", 1), true);
  write(0, block(3, "b"), true);
  expect(wrong).toEqual([]);
  expect(states.counts).toEqual({ writes: 2, states: 8 });
});

test("what does not touch the two blocks is none of its business", () => {
  const { states } = watched();
  states.onDiskEvent({ kind: "write", offset: 0, bytes: Buffer.alloc(4_096), isForced: false });
  expect(states.counts).toEqual({ writes: 0, states: 0 });
});
