export { createSystemHandlers, type SystemHandlerDeps } from "./operations.ts";
