import { expect, test } from "vitest";
import type { Terminal } from "./terminal.ts";
import { createTransferStatus } from "./transfer-status.ts";

test("progress is drawn at most ten times a second, and always at the end", () => {
  const drawn: (string | undefined)[] = [];
  const terminal = {
    status: (lines) => drawn.push(lines?.join("")),
  } as Partial<Terminal> as Terminal;
  let nowMs = 0;
  const status = createTransferStatus(terminal, "gw2.mender", () => nowMs);

  for (let percent = 0; percent <= 100; percent += 1) {
    status.update(percent * 10_000, 1_000_000);
    nowMs += 20;
  }
  status.end();

  expect(drawn).toHaveLength(22);
  expect(drawn[10]).toMatch(/^gw2\.mender {2}█+.·* {2}50 % {2}1\.0 MB {2}500 kB\/s {2}1 s left$/);
  expect(drawn.at(-2)).toContain("100 %");
  expect(drawn.at(-1)).toBeUndefined();
});
