import { useMe } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { Answered } from "../ui/panel.tsx";
import { getCliCommand } from "./cli-commands.ts";

/** Fetches the command line tool from this server and signs in with it. */
export function GetCli() {
  const answer = useOperation("showSystem");
  const { email } = useMe();
  return (
    <Answered answer={answer} what="the command line tool" rows={2}>
      {({ downloads: { cli }, certificateAuthority }) =>
        cli === null ? (
          <p className="text-warn">
            This server has no command line tool to give. <code>npm run build</code> makes it where
            the server runs.
          </p>
        ) : (
          <CommandLine
            command={getCliCommand({
              origin: window.location.origin,
              cli,
              certificateAuthority,
              email,
            })}
            what="command that gets the command line tool"
          />
        )
      }
    </Answered>
  );
}
