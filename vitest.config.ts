import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/suites/longest-first.ts";

const beside = (pattern: string): string[] => [
  `packages/*/src/**/${pattern}`,
  `apps/*/src/**/${pattern}`,
  `tools/**/${pattern}`,
];

/** Starts PostgreSQL once for a project's tests, and fails when there is none. */
const POSTGRES = "apps/server/src/platform/start-postgres.fixture.ts";

/** Servers, agents and commands that tests start are compiled once, not at each of their hundreds of starts. */
const COMPILED = {
  env: { NODE_COMPILE_CACHE: `${import.meta.dirname}/node_modules/.cache/compiled` },
};

const INTEROP_FILES = "tests/interop/*.test.ts";
const PEERS = ["tests/interop/*.peer.test.ts"];
const INTEROP = {
  ...COMPILED,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  maxWorkers: 2,
  globalSetup: "tests/system/build-once.ts",
};

/**
 * Files of these tests share a process and what it has loaded: loading the modules anew for each of a hundred files took
 * longer than the tests. So a test leaves nothing behind: no patched global, no module state, no environment variable.
 * One process per core, not one less as usual: tests that wait for a timer or a child leave room for each other. The limit
 * of a test finds what hangs; a machine that is busy with other things takes ten times as long, and that is no fault.
 * Node runs the TypeScript itself, as it does for users: where modules are loaded once, that is a fifth less work than
 * Vite's way of running them. (With a process per file it is no less: each strips the types again.)
 */
const SHARED = {
  experimental: { viteModuleRunner: false },
  pool: "forks",
  isolate: false,
  maxWorkers: "100%",
  testTimeout: 30_000,
} as const;

/** One project per kind of test (CONTRIBUTING.md); `tools/run-suites.ts` runs them all and adds up their counts. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...SHARED,
          name: "unit",
          include: beside("*.test.ts"),
          exclude: [
            ...beside("*.store.test.ts"),
            ...beside("*.process.test.ts"),
            "**/node_modules/**",
          ],
        },
      },
      {
        test: {
          ...COMPILED,
          name: "process",
          include: beside("*.process.test.ts"),
          testTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "store",
          include: beside("*.store.test.ts"),
          testTimeout: 30_000,
          maxWorkers: 2,
          globalSetup: POSTGRES,
        },
      },
      { test: { name: "gates", include: ["tests/gates/*.test.ts"], testTimeout: 120_000 } },
      { test: { ...SHARED, name: "wire", include: ["tests/wire/*.test.ts"] } },
      { test: { ...INTEROP, name: "interop", include: [INTEROP_FILES], exclude: PEERS } },
      // With clients that no package has, so that no suite runs them: tools/interop.ts does, where they are.
      { test: { ...INTEROP, name: "peers", include: PEERS } },
      {
        test: {
          ...COMPILED,
          name: "system",
          include: ["tests/system/*.test.ts", "tests/attack/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          // Of the tests that may run beside each other, all of which wait for agents.
          maxConcurrency: 8,
          globalSetup: [POSTGRES, "tests/system/build-once.ts"],
        },
      },
      {
        test: {
          ...COMPILED,
          name: "rig",
          include: ["tests/rig/*.test.ts"],
          exclude: ["tests/rig/*.long.test.ts"],
          // A virtual machine without help from the hardware, on a machine that may be busy with other things.
          testTimeout: 1_200_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          globalSetup: "tests/system/build-once.ts",
        },
      },
      {
        test: {
          name: "rig-long",
          include: ["tests/rig/*.long.test.ts"],
          testTimeout: 1_200_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
          globalSetup: "tests/system/build-once.ts",
        },
      },
      {
        test: {
          ...COMPILED,
          name: "browser",
          include: ["tests/e2e/*.test.ts"],
          testTimeout: 60_000,
          // Pages hear of changes about once a second, which is as long as a poll lasts unless told.
          expect: { poll: { timeout: 15_000 } },
          hookTimeout: 120_000,
          maxWorkers: 2,
          globalSetup: "tests/e2e/shared-console.ts",
        },
      },
    ],
  },
});
