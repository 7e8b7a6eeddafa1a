import type { SqliteHandle } from "./sqlite-handle.ts";

/**
 * One view of the SQLite file for all questions of one turn of the event loop. Outside a transaction each question takes
 * and gives back the file's read lock (three calls to the system), which costs as much as an indexed row; under load a turn
 * asks dozens.
 */
export interface TurnView {
  /** Makes sure that the view is open; it ends by itself when the turn does. */
  hold(): void;
  /**
   * Ends it early. The writer does so before each of its statements: whoever was told that something is written reads it, and
   * a checkpoint never finds a reader in its way, so the write-ahead log does not grow.
   */
  end(): void;
}

export function createTurnView(reading: SqliteHandle): TurnView {
  const begin = reading.prepare("begin");
  const commit = reading.prepare("commit");
  let isHeld = false;
  const end = (): void => {
    if (!isHeld) return;
    isHeld = false;
    commit.run();
  };
  return {
    hold: () => {
      if (isHeld) return;
      begin.run();
      isHeld = true;
      setImmediate(end);
    },
    end,
  };
}
