import type { Reply } from "@moult/client";
import { bytes } from "../format/number.ts";
import { duration } from "../format/time.ts";
import { useMe } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { Digest } from "../ui/digest.tsx";
import { Facts } from "../ui/facts.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered, Panel } from "../ui/panel.tsx";

type System = Reply<"showSystem">;

export function ServerSettingsPage() {
  const answer = useOperation("showSystem");
  return (
    <Answered answer={answer} what="facts of the server" rows={8}>
      {(system) => (
        <div className="flex flex-col gap-4">
          <ServerFacts system={system} />
          <DeviceTrust system={system} />
          <Downloads downloads={system.downloads} />
        </div>
      )}
    </Answered>
  );
}

function ServerFacts({ system }: { readonly system: System }) {
  const me = useMe();
  const { version, publicUrl, checkInSeconds } = system;
  return (
    <Panel title="Server">
      <Facts
        facts={[
          ["Version", <code key="version">{version}</code>],
          ["Organisation", <Foreign key="tenant" text={me.tenantName} />],
          ["Address for devices", <code key="url">{publicUrl}</code>],
          ["Devices check in", `every ${duration(checkInSeconds * 1_000)}`],
        ]}
      />
    </Panel>
  );
}

/** What each device is provisioned with. */
function DeviceTrust({ system }: { readonly system: System }) {
  const { instructionKeys, certificateAuthority } = system;
  return (
    <Panel title="What devices trust">
      <div className="flex flex-col gap-3">
        <p className="max-w-prose text-soft">
          Devices get these when they are provisioned. The server cannot change them afterwards.
        </p>
        <h3 className="font-semibold">Keys that sign instructions</h3>
        {instructionKeys.map((key) => (
          <CommandLine key={key} command={key.trim()} what="instruction key" />
        ))}
        <h3 className="font-semibold">Certificate authority</h3>
        {certificateAuthority === null ? (
          <p className="text-soft">
            None of its own: devices and browsers check its certificate as they check others, or
            reach it over plain HTTP behind a proxy.
          </p>
        ) : (
          <CommandLine command={certificateAuthority.trim()} what="certificate authority" />
        )}
      </div>
    </Panel>
  );
}

function Downloads({ downloads }: { readonly downloads: System["downloads"] }) {
  const files = [
    ["Device agent", downloads.agent],
    ["Command line", downloads.cli],
  ] as const;
  return (
    <Panel title="Downloads">
      <Facts
        facts={files.map(([name, file]) => [
          name,
          file === null ? (
            <span key={name} className="text-soft">
              not built; <code>npm run build</code> makes it where the server runs
            </span>
          ) : (
            <span key={name} className="flex flex-wrap items-center gap-x-4">
              <a className="text-primary underline underline-offset-3" href={file.path} download>
                {file.path.replace(/^.*\//, "")}
              </a>
              <span>{bytes(file.sizeBytes)}</span>
              <Digest value={file.sha256} what={`SHA-256 of the ${name.toLowerCase()}`} />
            </span>
          ),
        ])}
      />
    </Panel>
  );
}
