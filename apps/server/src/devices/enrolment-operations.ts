import type { ImportedDevice } from "@moult/api";
import { SECOND_MS, type Clock, type InstantMs } from "@moult/base";
import type {
  DeviceIdentity,
  EnrolmentToken,
  EnrolmentTokenId,
  GroupId,
  Preauthorisation,
  PreauthorisationId,
  ProductName,
} from "@moult/model";
import { holdStaticGroups } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import { isoFrom } from "../platform/columns.ts";
import { transactionOrDryRun } from "../platform/dry-run.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdProduct } from "../products/index.ts";
import {
  deleteOpenPreauthorisation,
  deleteToken,
  insertToken,
  preauthorisationPage,
  tokensOf,
} from "./enrolment-queries.ts";
import { enrolmentSecretDigest, newEnrolmentSecret } from "./enrolment-secret.ts";
import { addPreauthorisation, importPreauthorisation } from "./preauthorise-device.ts";

export type EnrolmentHandlers = Handlers<
  | "preauthoriseDevice"
  | "importPreauthorisations"
  | "listPreauthorisations"
  | "deletePreauthorisation"
  | "createEnrolmentToken"
  | "listEnrolmentTokens"
  | "deleteEnrolmentToken"
>;

export function createEnrolmentHandlers({ clock }: { readonly clock: Clock }): EnrolmentHandlers {
  return {
    preauthoriseDevice: ({ db }, { body }) =>
      preauthorise(db, preauthorisationOf(body.product, body, clock.now())),

    importPreauthorisations: ({ db }, { body: { product, isDryRun, items } }) =>
      transactionOrDryRun(db, isDryRun, async (inner) => {
        await holdProductOrRefuse(inner, product);
        await holdStaticGroups(
          inner,
          product,
          items.flatMap(({ groupIds }) => groupIds),
        );
        const at = clock.now();
        const imported: ImportedDevice[] = [];
        for (const item of items) {
          const preauthorisation = {
            ...preauthorisationOf(product, item, at),
            identity: item.identity,
          };
          imported.push(await importPreauthorisation(inner, preauthorisation, at));
        }
        return { items: imported };
      }),

    listPreauthorisations: ({ db }, { query: { cursor, limit } }) =>
      preauthorisationPage(db, decodeCursor(cursor), limit),

    deletePreauthorisation: async ({ db }, { params: { preauthorisationId } }) => {
      const isDeleted = await db.transaction((inner) =>
        deleteOpenPreauthorisation(inner, preauthorisationId),
      );
      if (!isDeleted)
        throw new ApiError(
          "not-found",
          "There is no unused preauthorisation with this id; a device that used one is rejected or decommissioned instead.",
        );
    },

    createEnrolmentToken: ({ db }, { body }) => issueEnrolmentToken(db, body, clock.now()),

    listEnrolmentTokens: async ({ db }) => ({ items: await tokensOf(db) }),

    deleteEnrolmentToken: async ({ db }, { params: { enrolmentTokenId } }) => {
      const isDeleted = await db.transaction((inner) => deleteToken(inner, enrolmentTokenId));
      if (!isDeleted) throw new ApiError("not-found", "There is no enrolment token with this id.");
    },
  };
}

/** What an enrolment token is made with. */
export type EnrolmentTokenRequest = Pick<
  EnrolmentToken,
  "product" | "label" | "accepts" | "usesMax"
> & { readonly expiresInSeconds: number };

/** A token of a product that exists, and its secret, which is kept nowhere. */
export async function issueEnrolmentToken(
  db: TenantDb,
  request: EnrolmentTokenRequest,
  now: number,
): Promise<{ readonly token: EnrolmentToken; readonly secret: string }> {
  const secret = newEnrolmentSecret();
  const token: EnrolmentToken = {
    id: newId<EnrolmentTokenId>(),
    product: request.product,
    label: request.label,
    accepts: request.accepts,
    usesMax: request.usesMax,
    uses: 0,
    expiresAt: new Date(now + request.expiresInSeconds * SECOND_MS).toISOString(),
    createdAt: new Date(now).toISOString(),
  };
  await db.transaction(async (inner) => {
    await holdProductOrRefuse(inner, request.product);
    await insertToken(inner, token, enrolmentSecretDigest(secret));
  });
  return { token, secret };
}

/** One that nobody used yet. */
const preauthorisationOf = (
  product: ProductName,
  given: Pick<Preauthorisation, "keyFingerprint"> & {
    readonly identity?: DeviceIdentity | undefined;
    readonly name?: string | undefined;
    readonly groupIds?: GroupId[] | undefined;
  },
  at: InstantMs,
): Preauthorisation => ({
  id: newId<PreauthorisationId>(),
  product,
  keyFingerprint: given.keyFingerprint,
  identity: given.identity ?? null,
  name: given.name ?? null,
  groupIds: given.groupIds ?? [],
  createdAt: isoFrom(at),
  usedAt: null,
});

function preauthorise(db: TenantDb, preauthorisation: Preauthorisation): Promise<Preauthorisation> {
  return db.transaction(async (inner) => {
    await holdProductOrRefuse(inner, preauthorisation.product);
    await holdStaticGroups(inner, preauthorisation.product, preauthorisation.groupIds);
    const outcome = await addPreauthorisation(inner, preauthorisation);
    if (outcome.kind === "key-known")
      throw new ApiError(
        "name-taken",
        `This key is known already: the device ${outcome.deviceId} has it, and it is ${outcome.keyState}. Decide about that device instead.`,
      );
    if (outcome.kind === "preauthorised-before")
      throw new ApiError(
        "name-taken",
        "This key was preauthorised already; delete that preauthorisation first to change it.",
      );
    return preauthorisation;
  });
}

async function holdProductOrRefuse(db: TenantDb, product: ProductName): Promise<void> {
  if (!(await holdProduct(db, product)))
    throw new ApiError("not-found", `There is no product "${product}"; create it first.`);
}
