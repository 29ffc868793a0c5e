/**
 * Which files a rule is about: an absolute path in which `*` stands for any text within a name, and `**` for any number of
 * names, also none. So `/etc/**` is `/etc` and all that is in it. Names are compared exactly, and no file system is asked:
 * links are the business of whoever opens the file.
 */
import * as Result from "effect/Result"
import * as NormalisedPath from "../capability/NormalisedPath.ts"
import * as Glob from "./Glob.ts"
import { type Rest, rest, takesAll } from "./Sequence.ts"

export interface PathPattern {
  /** In its normal form. */
  readonly text: string
  readonly segments: ReadonlyArray<Glob.Glob | Rest>
}

const segmentsMax = 64

/** Reads a pattern of at most 64 names, within the bounds of `NormalisedPath.parse`. The failure says what is wrong. */
export const parse = (text: string): Result.Result<PathPattern, string> =>
  Result.flatMap(NormalisedPath.parse(text), (names) => {
    if (names.length > segmentsMax) return Result.fail(`a pattern has at most ${segmentsMax} names`)
    if (names.some((name) => name !== "**" && name.includes("**"))) {
      return Result.fail("** stands alone between slashes; within a name, write *")
    }
    const segments = names.map((name) => (name === "**" ? rest : Glob.parse(name)))
    return Result.succeed({ text: `/${names.join("/")}`, segments })
  })

/** Whether a pattern covers a path. */
export const matches = ({ segments }: PathPattern, path: NormalisedPath.NormalisedPath): boolean =>
  takesAll(segments, path, Glob.matches)

/** Whether a pattern covers every path that the other one covers: only its own `**` can take one of the other's. */
export const isSubsetOf = (child: PathPattern, parent: PathPattern): boolean =>
  takesAll(parent.segments, child.segments, (expected, name) => name !== rest && Glob.isSubsetOf(name, expected))
