import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Updater } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";
import { PROVISIONED_ROOT } from "./layout.ts";
import { measured, repository, storeFolder } from "./visits.ts";

const BASE = "http://repository.invalid/";

if (!existsSync(join(storeFolder, "root.json")))
  copyFileSync(join(repository, PROVISIONED_ROOT), join(storeFolder, "root.json"));

await measured(async (path) => {
  const updater = new Updater({
    metadataDir: storeFolder,
    metadataBaseUrl: BASE,
    fetcher: {
      downloadBytes: async (url) => {
        const file = join(repository, url.slice(BASE.length));
        if (!existsSync(file)) throw new DownloadHTTPError("not there", 404);
        return readFileSync(file);
      },
      downloadFile: () => {
        throw new Error("only metadata is fetched here");
      },
    },
    config: { targetsMaxLength: 8 * 1024 * 1024 },
  });
  await updater.refresh();
  return (await updater.getTargetInfo(path))?.length;
});
