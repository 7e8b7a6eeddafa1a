import { textFromUtf8, utf8 } from "@moult/base";
import { writeDurably, type Files } from "@moult/agent-core";

/** The lowest security counter that is still installed, in two places: the data partition may be lost. */
export interface CounterCopies {
  read(): number;
  raise(to: number): Promise<void>;
}

const FILE = "security-counter";

export async function openCounter(copies: readonly Files[]): Promise<CounterCopies> {
  const found = await Promise.all(copies.map((files) => readCopy(files)));
  let counter = Math.max(0, ...found.map((copy) => copy ?? 0));
  const write = async (): Promise<void> => {
    for (const [index, files] of copies.entries()) {
      if (found[index] === counter) continue;
      await writeDurably(files, FILE, utf8(String(counter)));
      found[index] = counter;
    }
  };
  if (counter > 0) await write();
  return {
    read: () => counter,
    raise: async (to) => {
      counter = Math.max(counter, to);
      await write();
    },
  };
}

async function readCopy(files: Files): Promise<number | undefined> {
  const bytes = await files.read(FILE).catch(() => undefined);
  const text = bytes === undefined ? undefined : textFromUtf8(bytes);
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}
