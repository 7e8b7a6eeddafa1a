export { downloadRoutes } from "./download-routes.ts";
export { createDownloads } from "./downloads.ts";
export { createSystemHandlers } from "./operations.ts";
