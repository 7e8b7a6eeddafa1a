import {
  ControllerGateway,
  ControllerGatewayId,
  ControllerId,
  DeviceId,
  HardwareType,
  ProductName,
} from "@moult/model";
import * as z from "zod";
import { operation } from "../operation.ts";

/** What one token may speak for, and what one statement takes. */
const GATEWAY_CONTROLLERS_MAX = 5_000;

export const controllerOperations = {
  registerController: operation({
    id: "registerController",
    summary:
      "Add a device whose client speaks hawkBit's protocol (SWUpdate, rauc-hawkbit-updater); its token is shown this once",
    method: "POST",
    path: "/controllers",
    permission: "enrolment:write",
    body: z.strictObject({
      controllerId: ControllerId,
      product: ProductName,
      hardwareType: HardwareType,
      name: z.string().min(1).max(128).optional(),
      /** `certificate`: a proxy of the server's settings vouches for it by its TLS certificate. */
      credential: z.enum(["token", "certificate"]).default("token"),
    }),
    replyKind: "json",
    reply: z.object({
      deviceId: DeviceId,
      controllerId: ControllerId,
      /** Null: it has a certificate. */
      token: z.string().nullable(),
    }),
    errors: ["not-found", "name-taken"],
  }),
  renewControllerToken: operation({
    id: "renewControllerToken",
    summary: "Give the device another token; the one before ends at once",
    method: "POST",
    path: "/controllers/{controllerId}/token",
    permission: "enrolment:write",
    params: z.object({ controllerId: ControllerId }),
    replyKind: "json",
    reply: z.object({ token: z.string() }),
    errors: ["not-found"],
  }),
  createControllerGateway: operation({
    id: "createControllerGateway",
    summary:
      "Create a token that speaks for the devices named here, and lets them in when they first ask; it is shown this once",
    method: "POST",
    path: "/controller-gateways",
    permission: "enrolment:write",
    body: z.strictObject({
      product: ProductName,
      hardwareType: HardwareType,
      label: z.string().max(128).default(""),
      controllerIds: z.array(ControllerId).min(1).max(GATEWAY_CONTROLLERS_MAX),
    }),
    replyKind: "json",
    reply: z.object({ gateway: ControllerGateway, token: z.string() }),
    errors: ["not-found"],
  }),
  listControllerGateways: operation({
    id: "listControllerGateways",
    summary: "Gateway tokens of hawkBit's protocol, newest first",
    method: "GET",
    path: "/controller-gateways",
    permission: "fleet:read",
    replyKind: "json",
    reply: z.object({ items: z.array(ControllerGateway) }),
    errors: [],
  }),
  deleteControllerGateway: operation({
    id: "deleteControllerGateway",
    summary: "End a gateway token; devices with tokens of their own are not concerned",
    method: "DELETE",
    path: "/controller-gateways/{gatewayId}",
    permission: "enrolment:write",
    params: z.object({ gatewayId: ControllerGatewayId }),
    replyKind: "none",
    errors: ["not-found"],
  }),
};
