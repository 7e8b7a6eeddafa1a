import type { UpdateEvent } from "@moult/updater";

/** Puts an event into the runner's queue. */
export type UpdateEventSink = (event: UpdateEvent) => void;
