/** How templates and their images are told of. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { built, type Image, parts } from "../../template/image/ImageBuild.ts"
import type { Microvm, Template } from "../../template/Template.ts"

const blockBytes = 512

/** What a part of an image takes on the disk: of a file with holes less than its length. Undefined if it is not there. */
const bytesOf = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const found = yield* Effect.option(files.stat(path))
  return Option.getOrUndefined(
    Option.map(found, ({ blocks, size }) => {
      const taken = Option.map(blocks, (count) => Number(count) * blockBytes)
      return Math.min(
        Number(size),
        Option.getOrElse(taken, () => Number(size))
      )
    })
  )
})

export interface PartFile {
  readonly part: (typeof parts)[number]
  readonly path: string
  readonly digest: string
  /** Undefined if the file is gone. */
  readonly bytes: number | undefined
}

/** The files of an image. */
export const filesOf = (image: Image) =>
  Effect.forEach(parts, (part) =>
    Effect.map(bytesOf(image[part].path), (bytes): PartFile => ({ part, ...image[part], bytes }))
  )

export const sizeOfAll = (files: ReadonlyArray<PartFile>): number =>
  files.reduce((total, { bytes = 0 }) => total + bytes, 0)

/** What there is of a template: `outdated` if its file was changed since, or a part of its image is gone. */
export type State = "ready" | "built" | "outdated" | "not built"

export interface Standing {
  readonly state: State
  /** The newest image, if there is one. */
  readonly image?: Image
  readonly madeMillis?: number
  readonly files?: ReadonlyArray<PartFile>
}

const standingOfImage = Effect.fnUntraced(function* (template: Microvm) {
  const images = yield* built(template)
  const last = images.find(({ isCurrent }) => isCurrent) ?? images[0]
  if (last === undefined) return { state: "not built" } satisfies Standing
  const { image, isCurrent, madeMillis } = last
  const files = yield* filesOf(image)
  const isWhole = files.every(({ bytes }) => bytes !== undefined)
  return { state: isCurrent && isWhole ? "built" : "outdated", image, madeMillis, files } satisfies Standing
})

/** How far a template is built. For one of the embedded tier nothing is. */
export const standingOf = (template: Template) =>
  template.tier === "embedded" ? Effect.succeed<Standing>({ state: "ready" }) : standingOfImage(template)

export const timeOf = (millis: number): string => new Date(millis).toISOString()

/** Takes the time of something. */
export const timed = <A, E, R>(doing: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const value = yield* doing
    return { value, millis: (yield* Clock.currentTimeMillis) - start }
  })

/** Rows with their columns under each other; the last column is as long as it is. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  )
}
