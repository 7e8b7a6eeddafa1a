export { createSafeguardHandlers } from "./operations.ts";
