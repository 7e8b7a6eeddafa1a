import { buildOnce } from "../../tools/build/build-once.ts";

/**
 * Builds what ships from the present sources, once before all tests (vitest's globalSetup): files run beside each other, and
 * one that built anew would take the programs of another away.
 */
export const setup = buildOnce;
