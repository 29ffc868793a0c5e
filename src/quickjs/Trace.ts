import type { GuestError } from "../tool/GuestError.ts"
import { type Position, type Positions, sourcePosition } from "./Positions.ts"

/** The file as which a run's code was given to the engine, and how its places lead back to the source. */
export interface RunFile {
  readonly fileName: string
  readonly positions: Positions
}

interface Frame extends Position {
  /** Empty for code outside of functions. */
  readonly name: string
  readonly fileName: string
}

const framesMax = 32

/** `at name (file:line:column)`, or `at file:line:column` of what could not be parsed. */
const framePattern = /^\s*at (?:(?<name>[^(]*) \()?(?<file>[^():]+):(?<line>\d+):(?<column>\d+)\)?$/

/** Frames of guest code. Those of boot scripts have a colon in their file, and those of built-ins no place. */
const readFrames = (stack: string): ReadonlyArray<Frame> =>
  stack.split("\n").flatMap((text) => {
    const { column, file = "", line, name = "" } = framePattern.exec(text)?.groups ?? {}
    return file === "" ? [] : [{ name, fileName: file, line: Number(line), column: Number(column) }]
  })

const showFrame = ({ column, fileName, line, name }: Frame): string => {
  const place = `${fileName}:${line}:${column}`
  return name === "" ? `    at ${place}` : `    at ${name} (${place})`
}

/** An error whose stack is the engine's own text, as it is shown: with places of the source, and frames of guest code only. */
export const located = ({ stack, ...error }: GuestError, file: RunFile): GuestError => {
  const frames = readFrames(stack ?? "")
    .slice(0, framesMax)
    .map((frame) =>
      frame.fileName === file.fileName
        ? { ...frame, ...sourcePosition(file.positions, frame.line, frame.column) }
        : frame
    )
  const place = frames.find(({ fileName }) => fileName === file.fileName)
  return {
    ...error,
    ...(place === undefined ? {} : { line: place.line, column: place.column }),
    ...(frames.length === 0 ? {} : { stack: frames.map(showFrame).join("\n") })
  }
}
