import { instant, type InstantMs } from "@moult/base";
import { TEST_NOW } from "./test-database.fixture.ts";

/** A clock that stands until it is moved. */
export interface MovingClock {
  now(): InstantMs;
  move(ms: number): void;
}

export function movingClock(): MovingClock {
  let now = TEST_NOW;
  return {
    now: () => now,
    move: (ms) => {
      now = instant(now + ms);
    },
  };
}
