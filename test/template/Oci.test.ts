import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { TestContext } from "vitest"
import * as TemplateExit from "../../src/cli/template/Exit.ts"
import * as Program from "../../src/process/Program.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as BaseBuild from "../../src/template/image/BaseBuild.ts"
import * as Packages from "../../src/template/image/Packages.ts"
import * as OciRecipe from "../../src/template/oci/OciRecipe.ts"
import type { OciImage, OciSource } from "../../src/template/Template.ts"
import { temporary } from "../qemu/directory.ts"
import { writeLayout } from "./ociLayout.ts"

const digest = `sha256:${"a".repeat(64)}`

describe("the recipe of an image of OCI", () => {
  it.each<readonly [OciSource, string]>([
    [{ layout: "/images/a" }, "oci:/images/a"],
    [{ layout: "/images/a", tag: "1.2" }, "oci:/images/a:1.2"],
    [{ archive: "/images/a.tar" }, "oci-archive:/images/a.tar"],
    [{ registry: "docker.io/library/python:3.12-slim", digest }, `docker://docker.io/library/python@${digest}`],
    [{ registry: "localhost:5000/own", digest }, `docker://localhost:5000/own@${digest}`]
  ])("names %j as skopeo does", (oci, name) => {
    assert.strictEqual(OciRecipe.named(oci), name)
    assert.deepStrictEqual(OciRecipe.copy(oci, "/tmp/layout").slice(-2), [name, "oci:/tmp/layout:image"])
  })

  it("unpacks without being root, if it is not", () => {
    assert.deepStrictEqual(OciRecipe.unpack("/l", "/b", true), ["unpack", "--image", "/l:image", "/b"])
    assert.deepStrictEqual(OciRecipe.unpack("/l", "/b", false), ["unpack", "--rootless", "--image", "/l:image", "/b"])
  })

  it("finds the image of a layout, or says which there are", () => {
    const named = (...tags: ReadonlyArray<string>) =>
      JSON.stringify({
        manifests: tags.map((tag) => ({ digest, annotations: { "org.opencontainers.image.ref.name": tag } }))
      })
    const said = (index: string, tag?: string) => {
      const chosen = OciRecipe.choose(index, tag)
      return Result.isSuccess(chosen) ? chosen.success.digest : chosen.failure
    }
    assert.strictEqual(said(named("a")), digest)
    assert.strictEqual(said(named("a", "b"), "b"), digest)
    assert.strictEqual(said(named("a", "b")), "it has 2 images: say which by tag; its tags are a, b")
    assert.strictEqual(said(named("a", "b"), "c"), "it has no image c; its tags are a, b")
    assert.strictEqual(said(named()), "it has no image")
    for (const other of ["", "{", "[]", '{"manifests":[{"digest":"sha256:x"}]}']) {
      assert.strictEqual(said(other), "its index.json is not one of OCI")
    }
  })
})

describe("what is installed in an image", () => {
  it.effect("is nothing where that is no file that can be read to its end", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const status = join(root, "var/lib/dpkg/status")
      mkdirSync(dirname(status), { recursive: true })
      execFileSync("mkfifo", [status])
      assert.deepStrictEqual(yield* Packages.below(root), [])
      rmSync(status)
      writeFileSync(status, "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n")
      assert.deepStrictEqual(yield* Packages.below(root), [{ name: "a", version: "1", architecture: "all" }])
      truncateSync(status, 65 * 1_048_576)
      assert.deepStrictEqual(yield* Packages.below(root), [])
    }).pipe(Effect.provide(NodeServices.layer), Effect.scoped)
  )
})

const tools = ["skopeo", "umoci", "mkfs.erofs", "fsck.erofs"]

/** Leaves a test out on a host without the tools. */
const withTools = ({ skip }: TestContext) =>
  Effect.gen(function* () {
    const missing = yield* Effect.filter(tools, (tool) => Effect.map(Program.isInstalled(tool), (is) => !is))
    if (missing.length > 0) skip(`not installed: ${missing.join(", ")}`)
  })

/** An image whose files a test puts into a directory, as a layout beside it. */
const imageWith = (fill: (files: string) => void, tags: ReadonlyArray<string> = []) =>
  Effect.map(temporary, (directory) => {
    const [files, layout] = [join(directory, "files"), join(directory, "layout")]
    mkdirSync(files, { mode: 0o755 })
    fill(files)
    return { layout, digest: writeLayout(layout, files, tags), cache: Cache.layerAt(join(directory, "cache")) }
  })

const write = (root: string, path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const usual = (root: string) => {
  write(root, "etc/passwd", "root:x:0:0::/root:/bin/sh\nguest:x:405:100::/:/bin/false\n")
  write(root, "usr/bin/hello", "#!/bin/sh\necho hello\n")
  chmodSync(join(root, "usr/bin/hello"), 0o755)
  write(root, "var/lib/dpkg/status", "Package: own\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n")
}

const placed = [{ path: "/opt/own/a.txt", text: "placed", isExecutable: false }]

const refusal = (image: OciImage, cache: ReturnType<typeof Cache.layerAt>) =>
  Effect.map(Effect.flip(Effect.provide(BaseBuild.obtain(image), cache)), ({ message }) => message)

layer(NodeServices.layer, { timeout: "2 minutes", excludeTestServices: true })("an image of OCI", (it) => {
  it.effect("gives the files of a guest: its own, a user, a workspace, what the template places", (context) =>
    Effect.gen(function* () {
      yield* withTools(context)
      const { cache, digest, layout } = yield* imageWith(usual)
      const built = yield* Effect.provide(BaseBuild.obtain({ oci: { layout }, files: placed }), cache)
      assert.strictEqual(built.manifest.oci, digest)
      assert.deepStrictEqual(built.manifest.packages, [{ name: "own", version: "1", architecture: "all" }])
      const files = join(yield* temporary, "files")
      execFileSync("fsck.erofs", [`--extract=${files}`, join(built.directory, "base.erofs")])
      const passwd = readFileSync(join(files, "etc/passwd"), "utf8").trimEnd().split("\n")
      assert.deepStrictEqual(passwd, ["root:x:0:0::/root:/bin/sh", "guest:x:1000:1000::/home/guest:/bin/bash"])
      assert.strictEqual(readFileSync(join(files, "opt/own/a.txt"), "utf8"), "placed")
      assert.strictEqual(statSync(join(files, "usr/bin/hello")).mode & 0o777, 0o755)
      assert.isTrue(statSync(join(files, "workspace")).isDirectory())
    }).pipe(Effect.scoped)
  )

  it.effect("says of a directory that is no layout what is there in place of its index, and does not wait for it", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const cache = Cache.layerAt(join(directory, "templates"))
      const refused = (name: string) => refusal({ oci: { layout: join(directory, name) }, files: [] }, cache)
      const why = `ENOENT: no such file or directory, stat '${join(directory, "none/index.json")}'`
      assert.strictEqual(yield* refused("none"), `${join(directory, "none")} is no layout of OCI: ${why}`)
      mkdirSync(join(directory, "pipe"))
      execFileSync("mkfifo", [join(directory, "pipe/index.json")])
      assert.strictEqual(yield* refused("pipe"), `${join(directory, "pipe")} is no layout of OCI: it is no file: FIFO`)
    }).pipe(Effect.scoped)
  )

  it.effect("is built once for each digest, wherever it lies, and again for another", (context) =>
    Effect.gen(function* () {
      yield* withTools(context)
      const { cache, layout } = yield* imageWith(usual, ["one", "two"])
      const obtained = (oci: OciSource) => Effect.provide(BaseBuild.obtain({ oci, files: [] }), cache)
      const first = yield* obtained({ layout, tag: "one" })
      const archive = join(yield* temporary, "image.tar")
      execFileSync("tar", [
        "--create",
        `--file=${archive}`,
        `--directory=${layout}`,
        "index.json",
        "oci-layout",
        "blobs"
      ])
      assert.strictEqual((yield* obtained({ archive, tag: "two" })).directory, first.directory)
      const other = yield* imageWith((root) => write(root, "etc/other", "x"))
      assert.notStrictEqual((yield* obtained({ layout: other.layout })).directory, first.directory)
    }).pipe(Effect.scoped)
  )

  it.effect("reads an archive as it reads a layout", (context) =>
    Effect.gen(function* () {
      yield* withTools(context)
      const { cache, digest, layout } = yield* imageWith(usual)
      const archive = join(yield* temporary, "image.tar")
      execFileSync("tar", [
        "--create",
        `--file=${archive}`,
        `--directory=${layout}`,
        "index.json",
        "oci-layout",
        "blobs"
      ])
      const built = yield* Effect.provide(BaseBuild.obtain({ oci: { archive, digest }, files: [] }), cache)
      assert.strictEqual(built.manifest.oci, digest)
    }).pipe(Effect.scoped)
  )

  it.effect("is refused if it is another one than the template says, or damaged, or none", (context) =>
    Effect.gen(function* () {
      yield* withTools(context)
      const { cache, digest: found, layout } = yield* imageWith(usual)
      const other = yield* refusal({ oci: { layout, digest }, files: [] }, cache)
      assert.include(other, `has the image ${found}, and not ${digest} as the template says`)
      const blob = join(layout, "blobs", "sha256", found.slice("sha256:".length))
      const manifest = readFileSync(blob, "utf8")
      writeFileSync(blob, `${manifest} `)
      assert.match(yield* refusal({ oci: { layout }, files: [] }, cache), /digest|size|become/)
      const nowhere = join(layout, "none")
      assert.include(yield* refusal({ oci: { layout: nowhere }, files: [] }, cache), nowhere)
      assert.include(yield* refusal({ oci: { archive: blob }, files: [] }, cache), "is no archive of an image of OCI")
    }).pipe(Effect.scoped)
  )

  it.effect(
    "in the older form of docker save is refused with what makes it one of OCI, which is taken then",
    (context) =>
      Effect.gen(function* () {
        yield* withTools(context)
        const { cache, layout } = yield* imageWith(usual)
        const archive = join(yield* temporary, "own.tar")
        yield* Program.run("skopeo", ["copy", `oci:${layout}`, `docker-archive:${archive}`])
        const error = yield* Effect.flip(Effect.provide(BaseBuild.obtain({ oci: { archive }, files: [] }), cache))
        assert.strictEqual(error.reason._tag, "ImageRefused")
        assert.strictEqual(TemplateExit.adviceFor(error), "")
        const [, command = "", converted = ""] = /: skopeo (copy \S+ oci-archive:(\S+))$/.exec(error.message) ?? []
        yield* Program.run("skopeo", command.split(" "))
        yield* Effect.provide(BaseBuild.obtain({ oci: { archive: converted }, files: [] }), cache)
      }).pipe(Effect.scoped)
  )

  it.effect("is refused if what is to be written would be written outside of it", (context) =>
    Effect.gen(function* () {
      yield* withTools(context)
      const outside = yield* temporary
      write(outside, "passwd", "untouched")
      const linked = yield* imageWith((root) => symlinkSync(outside, join(root, "etc")))
      const through = yield* refusal({ oci: { layout: linked.layout }, files: [] }, linked.cache)
      assert.include(through, `/etc/passwd cannot be written to: in the image, /etc is a link to ${outside}`)
      const placing = yield* imageWith((root) => symlinkSync(outside, join(root, "opt")))
      const ofPlaced = yield* refusal({ oci: { layout: placing.layout }, files: placed }, placing.cache)
      assert.include(ofPlaced, "/opt/own/a.txt cannot be written to: in the image, /opt is a link")
      assert.strictEqual(readFileSync(join(outside, "passwd"), "utf8"), "untouched")
    }).pipe(Effect.scoped)
  )

  it.effect("of a registry is fetched by its digest", (context) =>
    Effect.gen(function* () {
      yield* withTools(context)
      const name = "docker.io/library/hello-world:latest"
      const inspected = yield* Effect.option(
        Effect.timeout(Program.run("skopeo", ["inspect", "--format", "{{.Digest}}", `docker://${name}`]), "20 seconds")
      )
      if (inspected._tag === "None") return context.skip("no registry can be reached")
      const { cache } = yield* imageWith(usual)
      const oci = { registry: name, digest: inspected.value[0] ?? "" }
      const built = yield* Effect.provide(BaseBuild.obtain({ oci, files: [] }), cache)
      assert.match(built.manifest.oci ?? "", /^sha256:[0-9a-f]{64}$/)
    }).pipe(Effect.scoped)
  )
})
