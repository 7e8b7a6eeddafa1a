import { SECOND_MS, type Clock } from "@moult/base";
import type {
  EnrolmentToken,
  EnrolmentTokenId,
  Preauthorisation,
  PreauthorisationId,
  ProductName,
} from "@moult/model";
import { ApiError } from "../platform/api-error.ts";
import { newId } from "../platform/new-id.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { decodeCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { holdProduct } from "../products/index.ts";
import {
  deleteOpenPreauthorisation,
  deleteToken,
  insertPreauthorisation,
  insertToken,
  preauthorisationPage,
  tokensOf,
} from "./enrolment-queries.ts";
import { enrolmentSecretDigest, newEnrolmentSecret } from "./enrolment-secret.ts";
import { deviceByKey } from "./queries.ts";

export type EnrolmentHandlers = Handlers<
  | "preauthoriseDevice"
  | "listPreauthorisations"
  | "deletePreauthorisation"
  | "createEnrolmentToken"
  | "listEnrolmentTokens"
  | "deleteEnrolmentToken"
>;

export function createEnrolmentHandlers({ clock }: { readonly clock: Clock }): EnrolmentHandlers {
  return {
    preauthoriseDevice: ({ db }, { body }) => {
      const preauthorisation: Preauthorisation = {
        id: newId<PreauthorisationId>(),
        product: body.product,
        keyFingerprint: body.keyFingerprint,
        identity: body.identity ?? null,
        name: body.name ?? null,
        createdAt: new Date(clock.now()).toISOString(),
        usedAt: null,
      };
      return preauthorise(db, preauthorisation);
    },

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

function preauthorise(db: TenantDb, preauthorisation: Preauthorisation): Promise<Preauthorisation> {
  return db.transaction(async (inner) => {
    await holdProductOrRefuse(inner, preauthorisation.product);
    const known = await deviceByKey(inner, preauthorisation.keyFingerprint);
    // A key that waits is let in by a preauthorisation when it asks again; for any other known key it could do nothing.
    const isDecided =
      known !== undefined && (known.keyState !== "pending" || known.deviceState === "rejected");
    if (isDecided)
      throw new ApiError(
        "name-taken",
        `This key is known already: the device ${known.deviceId} has it, and it is ${known.keyState}. Decide about that device instead.`,
      );
    if (!(await insertPreauthorisation(inner, preauthorisation)))
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
