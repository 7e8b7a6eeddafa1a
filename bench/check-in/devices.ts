import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { createFleetLink } from "../../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../../tools/fleet/simulated-device.ts";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import type { LocalServer } from "../../tools/local/local-server.ts";
import type { LocalTrust } from "../../tools/local/local-trust.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

export interface EnrolledDevices {
  readonly devices: readonly SimulatedDevice[];
  readonly moult: MoultCommand;
  readonly trust: LocalTrust;
}

/** Accepted devices of the product `bench` with nothing to do, each holding the newest answer. */
export async function enrolDevices(
  home: string,
  server: LocalServer,
  count: number,
  connections: number,
): Promise<EnrolledDevices> {
  const moult = createMoultCommand({ home, cwd: home });
  const { trust } = await setUpAdministrator(server, moult);
  await moult.ok(words`product create bench`);
  const token = await moult.ok(
    words`enrolment-token create --product bench --accepts --uses ${String(count)}`,
  );
  await moult.ok(
    words`device provision --product bench --hardware-type board --enrolment-token -
      --out provisioning.json`,
    token,
  );
  const provisioning = Provisioning.parse(
    JSON.parse(readFileSync(join(home, "provisioning.json"), "utf8")),
  );
  const link = createFleetLink(provisioning, connections);
  const behaviour = { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 };
  const deps = {
    link,
    provisioning,
    behaviour,
    random: seededRandom(1),
    wait: (ms: number) => sleep(ms),
  };
  const devices = Array.from(
    { length: count },
    (_, index) => new SimulatedDevice(deps, "bench", index, "1.0"),
  );
  await Promise.all(devices.map((device) => device.enrol()));
  // Until the answer that each holds is the one: the epoch moved while the others joined.
  for (let round = 0; round < 3; round += 1)
    await Promise.all(devices.map((device) => device.checkIn()));
  link.close();
  return { devices, moult, trust };
}

/** A device's next check-in as it goes over the wire. Sent again it is answered again: 204, or `fresh` by a new signature. */
export function requestText(device: SimulatedDevice, fresh: boolean): string {
  const { token, request } = device.checkInRequest();
  const body = JSON.stringify({ ...request, fresh });
  return `POST /device/v1/check-in HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
