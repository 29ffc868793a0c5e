/**
 * The snapshots of templates: `<snapshots>/<template>/<key>/` with the files of the machine and a manifest.
 *
 * T1. A snapshot has its name only when it is whole and on the disk; its manifest is written last.
 * T2. Files of a snapshot are never written to. That they were not is seen before each use.
 * T3. What it is made above was read to its end before, and was what it should be. If it changed since, its seal is broken.
 */
import { chmodSync, lstatSync, mkdirSync, renameSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Digest from "../../template/Digest.ts"
import type { Image } from "../../template/image/ImageBuild.ts"
import * as Host from "../Host.ts"
import * as Files from "../machine/Files.ts"
import * as DurableFile from "../process/DurableFile.ts"
import * as Roster from "../process/Roster.ts"
import { storageFailed } from "../QemuError.ts"
import type { Shape } from "../Shape.ts"
import { type TemplateManifest, templateText } from "./Manifest.ts"
import * as Part from "./Part.ts"
import { Mismatch, Missing, snapshotFailed, Unreadable } from "./SnapshotError.ts"

/** A snapshot that is whole. */
export interface TemplateSnapshot {
  readonly directory: string
  readonly manifest: TemplateManifest
}

export const names = { ...Files.own, overlay: "overlay.qcow2", manifest: "manifest.json" } as const

const manifestBytesMax = 1_048_576
const decode = Schema.decodeUnknownResult(templateText)
const encode = Schema.encodeSync(templateText)

/** The files of a snapshot, by its parts. */
export const pathsOf = ({ directory, manifest: { paths } }: TemplateSnapshot) => ({
  memory: join(directory, names.memory),
  state: join(directory, names.state),
  upper: join(directory, names.upper),
  overlay: join(directory, names.overlay),
  ...paths
})

const parts = ["memory", "state", "upper", "overlay", "base", "disk"] as const

const read = Effect.fnUntraced(function* (directory: string, what: string) {
  const path = join(directory, names.manifest)
  const text = yield* Effect.try({
    try: () => DurableFile.readText(path, manifestBytesMax),
    catch: storageFailed("read", path)
  })
  if (text === undefined) return yield* snapshotFailed(new Missing({ what }))
  const manifest = decode(text)
  if (Result.isSuccess(manifest)) return manifest.success
  return yield* snapshotFailed(new Unreadable({ path, detail: manifest.failure.message.slice(0, 500) }))
})

const write = (directory: string, manifest: TemplateManifest) => {
  const path = join(directory, names.manifest)
  return Effect.try({
    try: () => DurableFile.replace(path, encode(manifest), "power"),
    catch: storageFailed("write", path)
  })
}

/** Looks a snapshot up, and sees that it is the one of this key and that nobody has touched it. */
export const open = Effect.fn("Templates.open")(function* (host: Host.Host, template: string, key: Digest.Digest) {
  const directory = join(host.snapshots, template, key)
  const manifest = yield* read(directory, `snapshot ${key.slice(0, 12)} of ${template}`)
  if (manifest.key !== key) {
    return yield* snapshotFailed(new Mismatch({ of: "key", expected: key, found: manifest.key }))
  }
  const paths = pathsOf({ directory, manifest })
  const sealed = yield* Effect.all(Record.map(manifest.parts, (part, name) => Part.check(name, paths[name], part)))
  if (parts.every((part) => sealed[part] === manifest.parts[part])) return { directory, manifest }
  // What was right though its seal was broken need not be read to its end again.
  const resealed: TemplateManifest = { ...manifest, parts: sealed }
  yield* write(directory, resealed)
  return { directory, manifest: resealed }
})

/** Of what machines of a snapshot are made of: two that are made of the same have different ones. */
export const contentOf = ({ manifest }: TemplateSnapshot): Digest.Digest =>
  Digest.ofValue(parts.map((part) => manifest.parts[part].digest))

/**
 * A snapshot that was looked up before, if nobody has touched its files since or taken them away. No file is read for that but
 * where a seal is broken: then the snapshot is looked up anew.
 */
export const check = Effect.fn("Templates.check")(function* (host: Host.Host, snapshot: TemplateSnapshot) {
  const paths = pathsOf(snapshot)
  const { key, parts: sealed, template } = snapshot.manifest
  const isWhole = Effect.sync(() => parts.every((part) => Part.isSealed(paths[part], sealed[part])))
  if (yield* isWhole) return snapshot
  const found = yield* open(host, template, key)
  const [before, after] = [contentOf(snapshot), contentOf(found)]
  if (before === after) return found
  return yield* snapshotFailed(new Mismatch({ of: "content", expected: before, found: after }))
})

/** Reads every file of a snapshot to its end, and fails if one is not what was written. */
export const verify = Effect.fn("Templates.verify")(function* (snapshot: TemplateSnapshot) {
  const paths = pathsOf(snapshot)
  for (const part of parts) yield* Part.verify(part, paths[part], snapshot.manifest.parts[part].digest)
})

export interface Draft {
  readonly template: string
  readonly key: Digest.Digest
  readonly image: Image
  /** The image's files that the machine was made above, as they were before. */
  readonly below: { readonly base: Part.Part; readonly disk: Part.Part }
  readonly shape: Shape
  readonly facts: Schema.Json
  /** The directory of a machine that has ended, with its memory, disk and state. */
  readonly machine: string
}

/** Puts the files of a machine into a draft; all machines may read them there, and nobody may write to them but by mistake. */
const take = Effect.fnUntraced(function* (host: Host.Host, machine: string, draft: string) {
  const moved = [names.memory, names.upper, names.state]
  yield* Effect.try({
    try: () => {
      for (const name of moved) {
        // The process that has ended could write there, and leave a link.
        if (!lstatSync(join(machine, name)).isFile()) throw new Error(`${name} is no file`)
        renameSync(join(machine, name), join(draft, name))
      }
    },
    catch: storageFailed("take", machine)
  })
  yield* Files.emptyOverlay(join(draft, names.overlay), names.upper, "qcow2")
  const taken = [...moved, names.overlay].map((name) => join(draft, name))
  if (host.means.isRoot) yield* Host.share(taken)
  yield* Effect.tryPromise({
    try: async () => {
      // The hypervisor opens memory for writing even where it keeps its writes to itself.
      for (const path of taken) chmodSync(path, path.endsWith(names.memory) ? 0o660 : 0o640)
      await DurableFile.syncAll([...taken, draft])
    },
    catch: storageFailed("seal", draft)
  })
})

const describe = Effect.fnUntraced(function* (host: Host.Host, draft: string, wanted: Draft) {
  const { below, facts, image, key, shape, template } = wanted
  const own = yield* Effect.all({
    memory: Part.of(join(draft, names.memory)),
    state: Part.of(join(draft, names.state)),
    upper: Part.of(join(draft, names.upper)),
    overlay: Part.of(join(draft, names.overlay))
  })
  return {
    version: 1,
    kind: "template",
    key,
    template,
    madeMillis: yield* Clock.currentTimeMillis,
    hypervisor: host.version,
    image: image.id,
    shape,
    parts: { ...own, ...below },
    paths: { base: image.base.path, disk: image.disk.path },
    diskBytes: image.template.diskMebibytes * 1_048_576,
    facts
  } satisfies TemplateManifest
})

const prepare = (host: Host.Host, template: string) =>
  Effect.flatMap(Host.randomHex(8), (random) => {
    const parent = join(host.snapshots, template)
    const draft = join(parent, `draft-${random}`)
    const make = Effect.try({
      try: () => {
        mkdirSync(draft, { recursive: true, mode: 0o700 })
        return { parent, draft }
      },
      catch: storageFailed("make", draft)
    })
    const made = Effect.acquireRelease(make, () => Effect.sync(() => DurableFile.remove(draft)))
    return Effect.andThen(Roster.enter(host.roster, Roster.remains(`draft-${random}`, draft)), made)
  })

/** Gives a draft its name. Another process may have been first with the same snapshot, which is as good; a broken one is not. */
const publish = (parent: string, draft: string, directory: string) =>
  Effect.try({
    try: () => {
      DurableFile.remove(directory)
      renameSync(draft, directory)
      DurableFile.sync(parent)
    },
    catch: storageFailed("name", directory)
  })

/** Makes a snapshot of the files of a machine, which are taken away. */
export const save = Effect.fn("Templates.save")(function* (host: Host.Host, wanted: Draft) {
  const { draft, parent } = yield* prepare(host, wanted.template)
  yield* take(host, wanted.machine, draft)
  yield* write(draft, yield* describe(host, draft, wanted))
  const directory = join(parent, wanted.key)
  const other = yield* Effect.option(open(host, wanted.template, wanted.key))
  if (Option.isSome(other)) return other.value
  yield* publish(parent, draft, directory)
  return yield* open(host, wanted.template, wanted.key)
}, Effect.scoped)
