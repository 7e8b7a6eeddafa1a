import { CommandLine } from "../ui/command-line.tsx";
import { useOperation } from "../server/operation-query.ts";
import { trustInitCommand } from "./cli-commands.ts";
import { GetCli } from "./get-cli.tsx";

/** What signing is, and the commands that begin it. */
export function SetUpSigning() {
  const { data } = useOperation("listProducts");
  const products = (data?.items ?? []).map(({ name }) => name);
  return (
    <>
      <p className="max-w-prose text-soft">
        People sign what devices may install, with keys on their own machines; a device checks these
        signatures, so whoever takes over this server cannot install anything on it. This page never
        signs and never sees a key: the server serves it, and would serve another one to whoever
        took the server over.
      </p>
      <p>
        First fetch the command line tool and sign in, if you have not yet (Node 24.5 or newer):
      </p>
      <GetCli />
      <p>Then make the keys and the first root of trust:</p>
      <CommandLine
        command={trustInitCommand(products, "production")}
        what="command that sets up signing"
      />
      <p className="max-w-prose text-soft">
        It asks for a passphrase for each key, shows what it signs, and says where the keys belong
        afterwards: the root keys offline, each in another place.
      </p>
      <p>Or, only to try Moult out, with fewer keys and one passphrase for all:</p>
      <CommandLine
        command={trustInitCommand(products, "development")}
        what="command that sets up signing to try it out"
      />
    </>
  );
}
