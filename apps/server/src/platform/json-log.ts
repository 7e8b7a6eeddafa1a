import type { Log } from "@moult/base";
import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** JSON lines on standard output: `time`, `level`, `event`, and the event's fields. */
export function createJsonLog(level: LogLevel): Log {
  const logger = pino({
    level,
    base: null,
    messageKey: "event",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  };
}
