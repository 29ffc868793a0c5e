/**
 * What was built before, by what it was built from. It is outside of every repository, and may be deleted at any time while
 * nothing is built and no machine runs.
 *
 * H1. What has a name is whole: it is made under another name, brought to the disk, and then given its own.
 * H2. Whoever comes second with the same thing takes what the first one made.
 */

import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import type { Digest } from "./Digest.ts"
import * as Progress from "./Progress.ts"
import * as Scratch from "./Scratch.ts"
import { stepFailed, type TemplateError } from "./TemplateError.ts"

export class Cache extends Context.Service<Cache, { readonly directory: string }>()("caisson/template/Cache") {}

/** Where the caches of a user are. */
const root = Effect.gen(function* () {
  const given = yield* Config.option(Config.String("CAISSON_CACHE"))
  if (Option.isSome(given)) return given.value
  const shared = yield* Config.option(Config.String("XDG_CACHE_HOME"))
  return `${Option.isSome(shared) ? shared.value : `${yield* Config.String("HOME")}/.cache`}/caisson`
})

/** The folder `templates` in the place that `CAISSON_CACHE` names, or in that of the user's own cache. */
export const layer = Layer.effect(
  Cache,
  // Programs are given it that work elsewhere.
  Effect.map(Effect.all([root, Path.Path]), ([directory, { resolve }]) => ({
    directory: resolve(directory, "templates")
  }))
).pipe(Layer.provide(Path.layer))

/** A cache in a directory. */
export const layerAt = (directory: string): Layer.Layer<Cache> => Layer.succeed(Cache, { directory })

/** Something that was made, and where its files are. */
export interface Made<Manifest> {
  readonly directory: string
  readonly manifest: Manifest
}

export interface Recipe<Manifest, Encoded, E, R> {
  readonly step: Progress.Step
  /** Of everything that it is made from. */
  readonly key: Digest
  readonly manifest: Schema.Codec<Manifest, Encoded>
  /** Puts its files into a directory, and says what is to be written down of them. */
  readonly make: (directory: string) => Effect.Effect<Manifest, E, R>
}

const manifestName = "manifest.json"

const known = Effect.fnUntraced(function* <Manifest, Encoded>(
  directory: string,
  schema: Schema.Codec<Manifest, Encoded>
) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.option(files.readFileString(`${directory}/${manifestName}`))
  if (Option.isNone(text)) return undefined
  // A manifest of another version is none: its directory is made anew.
  const decoded = Schema.decodeUnknownOption(Schema.fromJsonString(schema))(text.value)
  return Option.getOrUndefined(Option.map(decoded, (manifest): Made<Manifest> => ({ directory, manifest })))
})

const syncAll = Effect.fnUntraced(function* (directory: string) {
  const files = yield* FileSystem.FileSystem
  const names = yield* files.readDirectory(directory)
  for (const name of [...names.map((name) => `${directory}/${name}`), directory]) {
    yield* Effect.scoped(Effect.flatMap(files.open(name, { flag: "r" }), (file) => file.sync))
  }
})

/** Gives a finished draft its name, in place of whatever has it and is not whole; gives what is whole and was first, if it is. */
const publish = Effect.fnUntraced(function* <Manifest, Encoded>(
  draft: string,
  directory: string,
  schema: Schema.Codec<Manifest, Encoded>
) {
  const files = yield* FileSystem.FileSystem
  yield* syncAll(draft)
  const renamed = yield* Effect.option(files.rename(draft, directory))
  if (Option.isSome(renamed)) return undefined
  const other = yield* known(directory, schema)
  if (other !== undefined) return other
  yield* files.remove(directory, { recursive: true })
  yield* files.rename(draft, directory)
})

const made = Effect.fnUntraced(function* <Manifest, Encoded, E, R>(
  recipe: Recipe<Manifest, Encoded, E, R>,
  directory: string
) {
  const files = yield* FileSystem.FileSystem
  const startMillis = yield* Clock.currentTimeMillis
  yield* Progress.tell({ _tag: "Started", step: recipe.step })
  const parent = directory.slice(0, directory.lastIndexOf("/"))
  yield* files.makeDirectory(parent, { recursive: true })
  const draft = yield* Scratch.make({ parent, prefix: "draft-" })
  yield* files.chmod(draft, 0o755)
  const manifest = yield* recipe.make(draft)
  const text = yield* Effect.orDie(Schema.encodeEffect(Schema.fromJsonString(recipe.manifest))(manifest))
  yield* files.writeFileString(`${draft}/${manifestName}`, text)
  const other = yield* publish(draft, directory, recipe.manifest)
  if (other !== undefined) return other
  const millis = (yield* Clock.currentTimeMillis) - startMillis
  yield* Progress.tell({ _tag: "Made", step: recipe.step, key: recipe.key, millis })
  return { directory, manifest }
})

const fromFiles = (step: Progress.Step) => (error: TemplateError | PlatformError) =>
  error._tag === "PlatformError" ? stepFailed(step)(error) : error

/** Gives what a recipe makes, and makes it if it is not there. */
export const obtain = Effect.fn("Cache.obtain")(function* <Manifest, Encoded, R>(
  recipe: Recipe<Manifest, Encoded, TemplateError | PlatformError, R>
) {
  const files = yield* FileSystem.FileSystem
  const { directory: root } = yield* Cache
  const directory = `${root}/${recipe.step}/${recipe.key}`
  const there = yield* known(directory, recipe.manifest)
  if (there !== undefined) {
    // What was asked for last is the latest, whenever it was made.
    const now = yield* Clock.currentTimeMillis
    yield* Effect.ignore(files.utimes(`${directory}/${manifestName}`, now / 1_000, now / 1_000))
    yield* Progress.tell({ _tag: "Reused", step: recipe.step, key: recipe.key })
    return there
  }
  return yield* Effect.scoped(made(recipe, directory)).pipe(Effect.mapError(fromFiles(recipe.step)))
})

/** Has what is in a directory made anew when it is asked for next: its files stay until then, for whoever has them open. */
export const forget = Effect.fn("Cache.forget")(function* (directory: string) {
  const files = yield* FileSystem.FileSystem
  yield* files.remove(`${directory}/${manifestName}`, { force: true })
})

/** Something that was made, and when. */
export interface Dated<Manifest> extends Made<Manifest> {
  readonly key: string
  readonly millis: number
}

/** Everything that a step has made, whatever from, the latest first. */
export const all = Effect.fn("Cache.all")(function* <Manifest, Encoded>(
  step: Progress.Step,
  manifest: Schema.Codec<Manifest, Encoded>
) {
  const files = yield* FileSystem.FileSystem
  const { directory: root } = yield* Cache
  const names = yield* Effect.orElseSucceed(files.readDirectory(`${root}/${step}`), (): Array<string> => [])
  const found: Array<Dated<Manifest>> = []
  for (const key of names.filter((name) => /^[0-9a-f]{64}$/.test(name))) {
    const directory = `${root}/${step}/${key}`
    const made = yield* known(directory, manifest)
    const stat = yield* Effect.option(files.stat(`${directory}/${manifestName}`))
    const time = Option.flatMap(stat, ({ mtime }) => mtime)
    if (made !== undefined) found.push({ ...made, key, millis: Option.getOrUndefined(time)?.getTime() ?? 0 })
  }
  return found.sort((left, right) => right.millis - left.millis) as ReadonlyArray<Dated<Manifest>>
})

/** What a step made last, whatever from; undefined if it has made nothing. */
export const latest = Effect.fn("Cache.latest")(function* <Manifest, Encoded>(
  step: Progress.Step,
  manifest: Schema.Codec<Manifest, Encoded>
) {
  const [last] = yield* all(step, manifest)
  if (last === undefined) return undefined
  const { directory, key, manifest: made } = last
  yield* Progress.tell({ _tag: "Reused", step, key })
  return { directory, manifest: made } satisfies Made<Manifest>
})
