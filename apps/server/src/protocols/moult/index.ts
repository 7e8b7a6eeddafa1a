export { moultRoutes, type MoultProtocolDeps } from "./moult-routes.ts";
