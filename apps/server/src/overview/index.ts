export { createOverviewHandlers } from "./operations.ts";
