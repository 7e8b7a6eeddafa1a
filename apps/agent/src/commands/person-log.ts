import type { Log } from "@moult/base";
import { createLog } from "../platform/log.ts";
import type { CommandWorld } from "./command.ts";

/** The log of a command that a person waits for: what went wrong, on standard error. */
export const personLog = ({ complain }: CommandWorld): Log =>
  createLog(complain, "warn", () => Date.now());
