export { proxyAddresses } from "./read-credential.ts";
export { hawkbitRoutes } from "./hawkbit-routes.ts";
