export { nameEvents, namedEventPage } from "./name-events.ts";
export { createEventHandlers } from "./operations.ts";
