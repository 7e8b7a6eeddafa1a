export { DeviceFilter, DeviceSort, QueryText } from "./device-filter.ts";
export type { ImportedDevice } from "./imported-device.ts";
export { ERROR_CODES, statusOf, titleOf, type ErrorCode } from "./error-code.ts";
export {
  PageQuery,
  operation,
  pageOf,
  type BodyInputOf,
  type BodyOf,
  type Operation,
  type ParamsInputOf,
  type ParamsOf,
  type QueryInputOf,
  type QueryOf,
  type ReplyKind,
  type ReplyOf,
} from "./operation.ts";
export { fetchCommand } from "./fetch-command.ts";
export { openApiDocument, type OpenApiDocument } from "./openapi.ts";
export { operations, type OperationId } from "./operations.ts";
export { BulkRehearsal, DeviceSelection } from "./operations/bulk-changes.ts";
export { Invitation, Person } from "./operations/people.ts";
export { ApiKey, Me } from "./operations/system.ts";
export { Upload } from "./operations/uploads.ts";
export {
  PERMISSIONS,
  ROLES,
  may,
  permissionsOf,
  type Permission,
  type Role,
} from "./permission.ts";
export { Problem } from "./problem.ts";
