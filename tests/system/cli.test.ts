import { X509Certificate, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { present } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOf, joinTrust } from "../../tools/local/administrator.ts";
import { setUpTrust, type LocalTrust } from "../../tools/local/local-trust.ts";
import { startLocalProcess } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";
import { startCuttingProxy } from "./cutting-proxy.fixture.ts";

// The command line as it ships, against the server as it runs. The tests build on each other, as people's work does.

const EMAIL = "ada@example.org";
const PASSWORD = "feathers, a few at a time";
const tool = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

let folder = "";
let server: LocalServer;
let moult: MoultCommand;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-cli-"));
  server = await startLocalServer({
    dataFolder: join(folder, "server"),
    settings: { MOULT_DEVICES_CHECK_IN_SECONDS: "1" },
  });
  moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
const configFile = (): string => at("home/.config/moult/config.json");
const fingerprint = (): string =>
  new X509Certificate(present(server.certificateAuthority, "TLS is on")).fingerprint256;

describe("meeting a new server", () => {
  const setup = (code: string, trust: string) =>
    moult.run(
      words`setup ${server.url} --code ${code} --name Ada --email ${EMAIL} --password-stdin
        --trust-fingerprint ${trust}`,
      PASSWORD,
    );

  test("an unknown authority is shown, and not trusted by itself", async () => {
    const { exitCode, stderr } = await moult.run(words`login ${server.url} --email ${EMAIL}`);

    expect(exitCode).toBe(1);
    expect(stderr).toContain(fingerprint());
    expect(stderr).toContain("certificate-unknown");
  });

  test("another fingerprint, or another setup code, changes nothing", async () => {
    const code = await server.setupCode();

    const wrongFingerprint = await setup(code, "AB:CD");
    expect(wrongFingerprint.exitCode).toBe(1);
    expect(wrongFingerprint.stderr).toContain("Somebody may be in between");

    const wrongCode = await setup("AAAA-BBBB-CCCC-DDDD", fingerprint());
    expect(wrongCode.exitCode).toBe(1);
    expect(wrongCode.stderr).toContain("setup-code-wrong");
    expect(existsSync(configFile())).toBe(false);
  });

  test("with both right there is an administrator, who is signed in by a key of his own", async () => {
    const { exitCode, stdout } = await setup(await server.setupCode(), fingerprint());

    expect(exitCode).toBe(0);
    expect(stdout).toContain("Ada administers");
    expect(statSync(configFile()).mode & 0o777).toBe(0o600);
    expect(readFileSync(configFile(), "utf8")).not.toContain(PASSWORD);
    expect(await moult.json(["whoami"])).toMatchObject({ kind: "api-key", role: "admin" });
  });

  test("a second time the setup says to sign in", async () => {
    const { exitCode, stderr } = await moult.run(["setup", server.url]);

    expect(exitCode).toBe(2);
    expect(stderr).toContain("moult login");
  });
});

describe("signing in", () => {
  const login = (password: string) =>
    moult.run(words`login ${server.url} --email ${EMAIL} --password-stdin`, password);

  test("with a wrong password fails, and what was stored stays", async () => {
    const before = readFileSync(configFile(), "utf8");

    const { exitCode, stderr } = await login("wrong password");

    expect(exitCode).toBe(5);
    expect(stderr).toContain("credentials-wrong");
    expect(readFileSync(configFile(), "utf8")).toBe(before);
  });

  test("again replaces the key on the server too", async () => {
    expect((await login(PASSWORD)).exitCode).toBe(0);

    const { items } = (await moult.json(["api-key", "list"])) as { readonly items: unknown[] };
    expect(items).toHaveLength(1);
  });

  test("with a key that has expired, or was deleted, is refused", async () => {
    const { key, secret } = (await moult.json(
      words`api-key create ci --role publisher --expires-in-days 1`,
    )) as { readonly key: { readonly id: string }; readonly secret: string };
    const ci = createMoultCommand({
      home: at("ci"),
      cwd: folder,
      environment: {
        MOULT_SERVER: server.url,
        MOULT_API_KEY: secret,
        MOULT_CA: server.certificateAuthorityFile,
      },
    });
    expect(await ci.json(["whoami"])).toMatchObject({ role: "publisher" });
    expect((await ci.run(words`product create nope`)).exitCode).toBe(5);

    expire(key.id);
    const expired = await ci.run(["whoami"]);
    expect(expired.exitCode).toBe(5);
    expect(expired.stderr).toContain("unauthenticated");

    await moult.ok(["api-key", "delete", key.id, "--yes"]);
    expect((await ci.run(["whoami"])).exitCode).toBe(5);
  });

  /** A day passes for one key. */
  function expire(keyId: string): void {
    const database = new DatabaseSync(join(server.dataFolder, "moult.sqlite"));
    try {
      const statement = database.prepare("update api_key set expires_at = ? where id = ?");
      expect(statement.run(Date.now() - 1000, keyId).changes).toBe(1);
    } finally {
      database.close();
    }
  }
});

describe("a release", () => {
  const create = (version: string, ...more: readonly string[]) =>
    moult.ok([
      ...words`artifact create --type app --dir app --app-name web --command sh --command run.sh
        --compression none --name ${version} --hardware-type board`,
      ...more,
    ]);
  const upload = (file: string) => moult.run(words`release upload --product gw2 ${file}`);

  test("goes from a folder through signature and upload to the server and back, byte for byte", async () => {
    mkdirSync(at("app"));
    writeFileSync(at("app/run.sh"), "exec sleep 1000\n");
    writeFileSync(at("app/data"), randomBytes(3_000_000));
    await moult.ok(words`artifact keygen --out release-key`);
    await moult.ok(
      words`product create gw2 --artifact-key release-key.pub.pem --require-signature`,
    );

    await create("1.0");
    const unsigned = await upload("1.0.mender");
    expect(unsigned.exitCode).toBe(1);
    expect(unsigned.stderr).toContain("artifact-unsigned");

    await moult.ok(words`artifact sign 1.0.mender --key release-key.pem`);
    expect(await moult.ok(words`release upload --product gw2 1.0.mender`)).toContain("verified");
    expect(await moult.ok(words`release upload --product gw2 1.0.mender`)).toContain("already");

    expect(await moult.json(words`release list --product gw2`)).toMatchObject({
      items: [{ version: "1.0", artifacts: [{ signature: "verified" }] }],
    });
    await moult.ok(words`release download gw2/1.0 --out back.mender`);
    expect(readFileSync(at("back.mender")).equals(readFileSync(at("1.0.mender")))).toBe(true);
  });

  test("that is damaged, signed by another key, or of an unknown product is refused with the reason", async () => {
    const damaged = readFileSync(at("1.0.mender"));
    damaged[damaged.length - 1_000_000] = (damaged[damaged.length - 1_000_000] ?? 0) ^ 1;
    writeFileSync(at("damaged.mender"), damaged);
    expect((await upload("damaged.mender")).stderr).toContain("artifact-invalid");

    await moult.ok(words`artifact keygen --out other-key`);
    await moult.ok(words`artifact sign 1.0.mender --key other-key.pem --out other.mender`);
    expect((await upload("other.mender")).stderr).toContain("artifact-signature-invalid");

    const unknown = await moult.run(words`release upload --product nope 1.0.mender`);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain("not-found");
  });

  test("survives a network that is cut while it goes up and while it comes down", async () => {
    const proxy = await startCuttingProxy(server.port);
    const { secret } = (await moult.json(words`api-key create proxied --role admin`)) as {
      readonly secret: string;
    };
    const proxied = createMoultCommand({
      home: at("proxied"),
      cwd: folder,
      environment: {
        MOULT_SERVER: `https://localhost:${proxy.port}`,
        MOULT_API_KEY: secret,
        MOULT_CA: server.certificateAuthorityFile,
      },
    });
    try {
      await create("1.1", "--sign-key", "release-key.pem");
      proxy.cutAfter("to-server", 1_000_000);
      const up = await proxied.run(words`release upload --product gw2 1.1.mender`);
      expect(up.stderr).toContain("trying again");
      expect(up.exitCode).toBe(0);

      proxy.cutAfter("to-client", 500_000);
      proxy.cutAfter("to-client", 900_000);
      await proxied.ok(words`release download gw2/1.1 --out cut.mender`);
      expect(readFileSync(at("cut.mender")).equals(readFileSync(at("1.1.mender")))).toBe(true);
      expect(proxy.cuts()).toBe(3);
    } finally {
      await proxy.close();
    }
    const gone = await proxied.run(["whoami"]);
    expect(gone.exitCode).toBe(1);
    expect(gone.stderr).toContain("nothing listens there");
  });

  test("that was deleted is gone", async () => {
    await moult.ok(words`release delete gw2/1.1 --yes`);

    expect((await moult.run(words`release show gw2/1.1`)).stderr).toContain("not-found");
  });
});

describe("a fleet", () => {
  let provisioningFile = "";
  let trust: LocalTrust;

  test("is not provisioned while nobody has signed whom its devices shall trust", async () => {
    const { exitCode, stderr } = await moult.run(
      words`device provision --product gw2 --hardware-type board --out nobody.json`,
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("moult trust init");
    const client = await clientOf(server, moult);
    trust = await setUpTrust(client);
    await joinTrust(client, moult);
  });

  test("is provisioned with what its devices must trust", async () => {
    const secret = await moult.ok(words`enrolment-token create --product gw2 --accepts --uses 100`);
    await moult.ok(
      words`device provision --product gw2 --hardware-type board --enrolment-token -
        --out provisioning.json`,
      secret,
    );

    provisioningFile = at("provisioning.json");
    const provisioning = Provisioning.parse(JSON.parse(readFileSync(provisioningFile, "utf8")));
    expect(statSync(provisioningFile).mode & 0o777).toBe(0o600);
    expect(provisioning).toMatchObject({
      server: { url: server.url, certificateAuthority: server.certificateAuthority },
      pathPrefix: "gw2/prod/",
      artifactKeys: [readFileSync(at("release-key.pub.pem"), "utf8")],
      enrolmentToken: secret.trim(),
    });
  });

  test("takes a good release while it is watched, and a bad one stops itself", async () => {
    for (const version of ["2.0", "3.0"])
      await moult.ok(
        words`artifact create --type app --dir app --app-name web --name ${version}
          --hardware-type board --sign-key release-key.pem`,
      );
    await moult.ok(words`release upload --product gw2 2.0.mender 3.0.mender`);
    await trust.publish();
    const fleet = await startLocalProcess(
      process.execPath,
      [
        tool("tools/fleet.ts"),
        ...words`--provisioning ${provisioningFile} --count 10 --interval 1 --step-ms 50
          --fail-version 3.0`,
      ],
      { logFile: at("fleet.log"), cwd: tool("") },
    );
    try {
      await expect
        .poll(() => moult.json(words`device count`), { timeout: 60_000, interval: 200 })
        .toMatchObject({
          byState: { accepted: 10 },
          byRunning: [{ artifactName: "1.0", count: 10 }],
        });

      const good = await moult.run(
        words`deployment create gw2/2.0 --all --stages 20,100 --error-stop 1 --name good
          --watch --timeout 90s`,
      );
      expect(good.stderr).toBe("");
      expect(good.stdout).toContain("finished, stage 2 of 2: 10 of 10 succeeded");
      expect(good.exitCode).toBe(0);

      const bad = await moult.run(
        words`deployment create gw2/3.0 --all --stages 20,100 --error-stop 2 --name bad
          --watch --timeout 90s`,
      );
      expect(bad.stdout).toContain("stopped itself at stage 1: 2 of 2 devices failed");
      expect(bad.exitCode).toBe(3);
      expect(await moult.json(words`deployment show bad`)).toMatchObject({
        state: "tripped",
        tally: { rolledBack: 2, succeeded: 0 },
      });

      const { items } = (await moult.json(words`deployment devices bad --outcome rolled-back`)) as {
        readonly items: readonly { readonly deviceId: string }[];
      };
      const deviceId = present(items[0], "a device rolled back").deviceId;
      expect(await moult.json(["device", "why", deviceId])).toMatchObject({
        summary: "The device had its one try, which rolled back; a new deployment tries again.",
        reasons: [
          { reason: { kind: "attempts-used" } },
          { reason: { kind: "already-running" }, sentence: "The device already runs the release." },
        ],
      });
      expect(await moult.ok(["device", "timeline", deviceId])).toContain("rolled");
    } finally {
      await fleet.stop();
    }
  });
});

test("signing out leaves no key behind, here or there", async () => {
  const { apiKey } = JSON.parse(readFileSync(configFile(), "utf8")) as { readonly apiKey: string };

  expect(await moult.ok(["logout"])).toContain("Signed out");

  expect(existsSync(configFile())).toBe(false);
  const after = await moult.run(words`login ${server.url} --api-key ${apiKey}
    --certificate-authority ${server.certificateAuthorityFile}`);
  expect(after.exitCode).toBe(5);
});
