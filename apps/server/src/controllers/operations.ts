import type { ImportedDevice } from "@moult/api";
import type { Clock } from "@moult/base";
import type { ControllerGateway, ControllerGatewayId } from "@moult/model";
import { addKeylessDevice } from "../devices/index.ts";
import { holdStaticGroups } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import { isoFrom } from "../platform/columns.ts";
import { transactionOrDryRun } from "../platform/dry-run.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { holdProduct } from "../products/index.ts";
import { newControllerToken, tokenDigest } from "./controller-credential.ts";
import { importController } from "./import-controller.ts";
import {
  deleteGatewayRows,
  gatewaysOf,
  insertController,
  insertGateway,
  setControllerToken,
} from "./queries.ts";

export type ControllerHandlers = Handlers<
  | "registerController"
  | "importControllers"
  | "renewControllerToken"
  | "createControllerGateway"
  | "listControllerGateways"
  | "deleteControllerGateway"
>;

export function createControllerHandlers({ clock }: { readonly clock: Clock }): ControllerHandlers {
  return {
    registerController: async ({ db }, { body }) => {
      const { controllerId, product, hardwareType, credential } = body;
      const token = credential === "token" ? newControllerToken() : null;
      const deviceId = await db.transaction(async (inner) => {
        const at = clock.now();
        const identity = { controllerId };
        const name = body.name ?? null;
        const added = await addKeylessDevice(inner, { product, hardwareType, identity, name }, at);
        if (added.kind === "no-product") throw noProduct(product);
        const isNew =
          added.kind === "added" &&
          (await insertController(inner, {
            controllerId,
            deviceId: added.id,
            tokenSha256: token === null ? null : tokenDigest(token),
            usesCertificate: credential === "certificate",
            createdAt: at,
          }));
        if (!isNew) throw new ApiError("name-taken", `There is a device ${controllerId} already.`);
        return added.id;
      });
      return { deviceId, controllerId, token };
    },

    importControllers: ({ db }, { body: { product, isDryRun, items } }) =>
      transactionOrDryRun(db, isDryRun, async (inner) => {
        if (!(await holdProduct(inner, product))) throw noProduct(product);
        await holdStaticGroups(
          inner,
          product,
          items.flatMap(({ groupIds }) => groupIds),
        );
        const imported: ImportedDevice[] = [];
        for (const item of items)
          imported.push(await importController(inner, product, item, clock.now()));
        return { items: imported };
      }),

    renewControllerToken: async ({ db }, { params: { controllerId } }) => {
      const token = newControllerToken();
      const isChanged = await db.transaction((inner) =>
        setControllerToken(inner, controllerId, tokenDigest(token)),
      );
      if (!isChanged) throw new ApiError("not-found", `There is no controller ${controllerId}.`);
      return { token };
    },

    createControllerGateway: async ({ db }, { body }) => {
      const token = newControllerToken();
      const gateway: ControllerGateway = {
        id: newId<ControllerGatewayId>(),
        ...body,
        controllerIds: [...new Set(body.controllerIds)],
        createdAt: isoFrom(clock.now()),
      };
      await db.transaction(async (inner) => {
        if (!(await holdProduct(inner, body.product))) throw noProduct(body.product);
        await insertGateway(inner, gateway, tokenDigest(token));
      });
      return { gateway, token };
    },

    listControllerGateways: async ({ db }) => ({ items: await gatewaysOf(db) }),

    deleteControllerGateway: async ({ db }, { params: { gatewayId } }) => {
      if (!(await db.transaction((inner) => deleteGatewayRows(inner, gatewayId))))
        throw new ApiError("not-found", "There is no gateway token with this id.");
    },
  };
}

const noProduct = (product: string): ApiError =>
  new ApiError("not-found", `There is no product "${product}"; create it first.`);
