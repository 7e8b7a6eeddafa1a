import { useState } from "react";
import { DropZone } from "../components/drop-zone.tsx";
import { EarlierUpload, UploadRow } from "../components/upload-rows.tsx";
import { useOperation } from "../server/operation-query.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { addFiles, useUploadItems } from "../uploads/upload-queue.ts";
import { CommandLine } from "../ui/command-line.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Answered, Empty, Panel } from "../ui/panel.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** Uploads artifacts: each joins the release that it names. */
export function UploadPage() {
  const items = useUploadItems();
  return (
    <>
      <PageHeader
        title="Upload a release"
        above={<TextLink to="/releases">Releases</TextLink>}
        sentence="An artifact joins the release that it names; the server verifies it before it is there."
      />
      <div className="flex max-w-4xl flex-col gap-5">
        <UploadForm />
        {items.length > 0 && (
          <Panel title="Uploads of this tab">
            <ul className="flex flex-col gap-3">
              {items.map((item) => (
                <UploadRow key={item.key} item={item} />
              ))}
            </ul>
          </Panel>
        )}
        <EarlierUploads ownIds={items.map(({ uploadId }) => uploadId)} />
      </div>
    </>
  );
}

function UploadForm() {
  const answer = useOperation("listProducts");
  const refusal = useRefusal("releases:write");
  const [chosen, setChosen] = useState("");
  const [channel, setChannel] = useState("prod");
  const [version, setVersion] = useState("");
  const [types, setTypes] = useState("");
  const hardwareTypes = types
    .split(",")
    .map((type) => type.trim())
    .filter((type) => type !== "");
  return (
    <Answered answer={answer} what="products" rows={3}>
      {({ items }) => {
        const only = items.length === 1 ? items[0]?.name : undefined;
        const product = chosen === "" ? (only ?? "") : chosen;
        if (items.length === 0)
          return (
            <Empty title="There is no product yet">
              <TextLink to="/settings/products">Make a product first</TextLink>
            </Empty>
          );
        return (
          <div className="flex flex-col gap-4">
            <div className="grid gap-3 sm:grid-cols-2">
              {only === undefined && (
                <SelectField
                  label="Product"
                  value={product}
                  choices={[
                    { value: "", label: "Choose a product" },
                    ...items.map(({ name }) => ({ value: name as string, label: name as string })),
                  ]}
                  onChange={setChosen}
                />
              )}
              <TextField
                label="Channel"
                hint="Usually prod."
                autoComplete="off"
                value={channel}
                onChange={setChannel}
              />
              <TextField
                label="Version of other files"
                hint="Of .swu, .raucb and the like, where the file does not say it."
                autoComplete="off"
                value={version}
                onChange={setVersion}
              />
              <TextField
                label="What other files fit"
                hint="Hardware types, with commas between."
                autoComplete="off"
                value={types}
                onChange={setTypes}
              />
            </div>
            <DropZone
              disabledReason={
                refusal ??
                (product === "" ? "choose a product first" : undefined) ??
                (channel.trim() === "" ? "name a channel first" : undefined)
              }
              onFiles={(files) =>
                addFiles(files, {
                  product,
                  channel: channel.trim(),
                  version: version.trim(),
                  hardwareTypes,
                })
              }
            />
            <details>
              <summary className="text-soft">From a terminal or a pipeline</summary>
              <div className="mt-2">
                <CommandLine
                  command={`moult release upload --product ${product === "" ? "PRODUCT" : product} FILE.mender`}
                  what="command that uploads"
                />
              </div>
            </details>
          </div>
        );
      }}
    </Answered>
  );
}

/** Of other tabs and of before a reload: what is unfinished can go on, what was refused says why. */
function EarlierUploads({ ownIds }: { readonly ownIds: readonly (string | undefined)[] }) {
  const refusal = useRefusal("releases:write");
  const { data } = useOperation("listUploads", undefined, { enabled: refusal === undefined });
  const others = (data?.items ?? []).filter(
    ({ id, state }) => !ownIds.includes(id) && state !== "finished",
  );
  if (others.length === 0) return null;
  return (
    <Panel title="Earlier uploads that are no release">
      <ul className="flex flex-col gap-3">
        {others.map((upload) => (
          <EarlierUpload key={upload.id} upload={upload} />
        ))}
      </ul>
    </Panel>
  );
}
