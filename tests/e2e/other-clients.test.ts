import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControllerId, DeviceId, HardwareType, ProductName } from "@moult/model";
import { expect, test } from "vitest";
import { words } from "../../tools/local/moult-command.ts";
import { seen } from "./console-page.fixture.ts";
import { raucFile, swuFile } from "./foreign-files.fixture.ts";
import { useOwnConsole } from "./own-console.fixture.ts";

// What the console does for devices whose client is of other makers: their files, their tokens, their keys.

const PRODUCT = "gate" as ProductName;
const HARDWARE = "gate-board" as HardwareType;

const { world, open } = useOwnConsole(
  (world) => world.moult.ok(words`product create ${PRODUCT}`).then(() => undefined),
  { MOULT_DEVICES_CHECK_IN_SECONDS: "3600" },
);

/** Asks as a client of hawkBit's protocol does; the status of the answer. */
async function asController(name: string, authorization: string): Promise<number> {
  const { server } = world();
  const response = await fetch(`${server.url}/DEFAULT/controller/v1/${name}`, {
    headers: { authorization, "user-agent": "SWUpdate/2022.12" },
  });
  return response.status;
}

test("a file of SWUpdate and one of RAUC become one release, each for its client", async () => {
  const { page } = await open("/releases/upload");
  const image = join(world().folder, "firmware.swu");
  await writeFile(image, swuFile('software = { version = "2.0"; };'));
  const bundle = join(world().folder, "bundle.raucb");
  await writeFile(bundle, raucFile(`[update]\ncompatible=${HARDWARE}\nversion=2.0\n`));
  const input = page.getByLabel("Artifacts to upload");
  await input.setInputFiles(image);
  const row = page.getByRole("listitem", { name: "firmware.swu" });
  await seen(row.getByText(/name its hardware types first/));

  // A bundle says all of it itself.
  await input.setInputFiles(bundle);
  await seen(page.getByRole("listitem", { name: "bundle.raucb" }).getByText(/It is in release/));
  await page.getByLabel("What other files fit").fill(HARDWARE);
  await input.setInputFiles(image);
  await seen(row.getByText(/It is in release/));
  await page.getByRole("link", { name: /2\.0/ }).first().click();

  await seen(page.getByRole("heading", { name: /gate 2\.0/, level: 1 }));
  for (const client of ["SWUpdate", "RAUC"]) await seen(page.getByText(client, { exact: true }));
  await page.getByRole("button", { name: "Delete artifact 1 of 2…" }).click();
  await page.getByRole("button", { name: "Delete artifact 1 of 2", exact: true }).click();
  await page.getByText("RAUC", { exact: true }).waitFor({ state: "hidden" });
  await seen(page.getByText("SWUpdate", { exact: true }));
});

test("a device is registered by its name, its token is shown once, and another one ends it", async () => {
  const { page } = await open("/settings/other-clients");
  await page.getByRole("button", { name: "Register a device" }).click();
  await page.getByLabel("What its client calls itself").fill("gate-1");
  await page.getByLabel("Hardware type").fill(HARDWARE);
  await page.getByRole("button", { name: "Register the device" }).click();
  const shown = page.getByRole("textbox", { name: "Token of the device" });
  await seen(shown);
  const first = await shown.inputValue();
  expect(await page.getByLabel("settings of its client", { exact: true }).innerText()).toContain(
    `targettoken = "${first}"`,
  );
  expect(await asController("gate-1", `TargetToken ${first}`)).toBe(200);

  await page.getByRole("link", { name: "See the device" }).click();
  await seen(page.getByText("server-trusted"));
  await page.getByRole("link", { name: "Identity" }).click();
  await page.getByRole("button", { name: "Make another token…" }).click();
  await page.getByRole("button", { name: "Make another token", exact: true }).click();
  await seen(shown);
  const second = await shown.inputValue();

  expect(await asController("gate-1", `TargetToken ${first}`)).toBe(401);
  expect(await asController("gate-1", `TargetToken ${second}`)).toBe(200);
});

test("a gateway's token speaks for the devices that it lists until it is revoked", async () => {
  const { page } = await open("/settings/other-clients");
  await page.getByRole("button", { name: "New gateway token" }).click();
  await page.getByLabel("What it is for").fill("hall 4");
  await page.getByLabel("Hardware type of its devices").fill(HARDWARE);
  await page.getByRole("textbox", { name: "Its devices", exact: true }).fill("gate-11\n../gate-12");
  await seen(page.getByText(/“\.\.\/gate-12” is no name/));
  await page.getByRole("textbox", { name: "Its devices", exact: true }).fill("gate-11\ngate-12");
  await page.getByRole("button", { name: "Create the token" }).click();
  const shown = page.getByRole("textbox", { name: "Gateway token" });
  await seen(shown);
  const authorization = `GatewayToken ${await shown.inputValue()}`;
  await page.getByRole("button", { name: "Done" }).click();

  await page.getByRole("button", { name: "2 devices of hall 4" }).click();
  expect(await page.getByRole("list", { name: "Devices" }).innerText()).toBe("gate-11\ngate-12");
  await page.getByRole("button", { name: "Close" }).click();
  expect(await asController("gate-12", authorization)).toBe(200);
  expect(await asController("gate-13", authorization)).toBe(401);

  await page.getByRole("button", { name: "Revoke hall 4" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke hall 4" }).click();
  await seen(page.getByText(/One token for the devices of a site/));
  expect(await asController("gate-12", authorization)).toBe(401);
});

test("a key of Mender's client is preauthorised as it is, and its device is set to what is wanted", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { page } = await open("/settings/enrolment-tokens");
  await page.getByRole("button", { name: "Preauthorise a device" }).click();
  await page.getByLabel("Its key").fill("no key");
  await page.getByLabel("Its identity").fill("serial=1017");
  await page.getByRole("button", { name: "Preauthorise the device" }).click();
  await seen(page.getByText(/Neither a public key in PEM/));
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  await page.getByLabel("Its key").fill(pem);
  await page.getByRole("button", { name: "Preauthorise the device" }).click();
  await seen(page.getByRole("cell", { name: "1017" }));

  const { items } = await world().client.call("listPreauthorisations", { query: { limit: 10 } });
  expect(items).toMatchObject([
    {
      identity: { serial: "1017" },
      keyFingerprint: createHash("sha256")
        .update(publicKey.export({ type: "spki", format: "der" }))
        .digest("hex"),
    },
  ]);

  const token = await joinAsMender({ id_data: '{"serial":"1017"}', pubkey: pem }, privateKey);
  await reportSettings(token, { level: "info" });
  const devices = await world().client.call("listDevices", { query: { search: "1017" } });
  await page.goto(`${world().server.url}/devices/${devices.items[0]?.id}/inventory`);
  await page.getByRole("button", { name: "Change level" }).click();
  await page.getByLabel("Value").fill("debug");
  await page.getByRole("button", { name: "Want it so" }).click();
  await seen(page.getByText("not as wanted yet"));
  await reportSettings(token, { level: "debug" });
  await page.reload();
  await seen(page.getByRole("row", { name: /level debug debug/ }));
});

const MENDER = "/api/devices/v1";

/** Asks to join as Mender's client does; the token of the device. */
async function joinAsMender(request: object, key: KeyObject): Promise<string> {
  const body = JSON.stringify(request);
  const signature = sign("sha256", Buffer.from(body), key).toString("base64");
  const response = await fetch(`${world().server.url}${MENDER}/authentication/auth_requests`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-men-signature": signature },
  });
  expect(response.status).toBe(200);
  return response.text();
}

/** As Mender's configuration add-on does. */
async function reportSettings(token: string, settings: object): Promise<void> {
  const { status } = await fetch(`${world().server.url}${MENDER}/deviceconfig/configuration`, {
    method: "PUT",
    body: JSON.stringify(settings),
    headers: { authorization: `Bearer ${token}` },
  });
  expect(status).toBe(204);
}

test("a plan says how far the devices trust this server before it reaches them", async () => {
  const { client } = world();
  const controllerId = "gate-21" as ControllerId;
  const added = await client.call("registerController", {
    body: { controllerId, product: PRODUCT, hardwareType: HARDWARE },
  });
  expect(await asController(controllerId, `TargetToken ${added.token}`)).toBe(200);
  const { items } = await client.call("listReleases", { query: { product: PRODUCT } });
  const deviceId: DeviceId = added.deviceId;
  const { page } = await open(
    `/deployments/new?releaseId=${items[0]?.id}&target=devices&deviceIds=${deviceId}`,
  );

  const trust = page.getByRole("region", { name: "Trust" });
  await seen(trust.getByText("server-trusted"));
  expect(await trust.innerText()).toContain("1");
});
