export { createSystemHandlers } from "./operations.ts";
