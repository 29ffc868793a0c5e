/** A small image of OCI, written as its few files are: a layer, a configuration, a manifest, an index. */
import { execFileSync } from "node:child_process"
import { hash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const type = (name: string) => `application/vnd.oci.image.${name}+json`

/** Makes a layout in a directory, whose images have the files of a directory; gives the digest of the image. */
export const writeLayout = (layout: string, files: string, tags: ReadonlyArray<string> = []): string => {
  const blobs = join(layout, "blobs", "sha256")
  mkdirSync(blobs, { recursive: true })
  const put = (bytes: Uint8Array, mediaType: string) => {
    const digest = hash("sha256", bytes)
    writeFileSync(join(blobs, digest), bytes)
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length }
  }
  const putJson = (value: unknown, mediaType: string) => put(Buffer.from(JSON.stringify(value)), mediaType)
  const archive = join(layout, "layer.tar")
  execFileSync("tar", ["--create", `--file=${archive}`, `--directory=${files}`, "--owner=0", "--group=0", "."])
  const layer = put(readFileSync(archive), "application/vnd.oci.image.layer.v1.tar")
  const config = putJson(
    {
      architecture: "amd64",
      os: "linux",
      config: { Env: [], Cmd: ["/bin/true"] },
      rootfs: { type: "layers", diff_ids: [layer.digest] }
    },
    type("config.v1")
  )
  const manifest = putJson({ schemaVersion: 2, config, layers: [layer] }, type("manifest.v1"))
  const names = tags.length === 0 ? [{}] : tags.map((tag) => ({ "org.opencontainers.image.ref.name": tag }))
  const manifests = names.map((annotations) => ({ ...manifest, mediaType: type("manifest.v1"), annotations }))
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }))
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }))
  return manifest.digest
}
