/** Counts what a piece of our code does, in steps instead of milliseconds: the same on every host. */
import { type Profiler, Session } from "node:inspector"
import { root } from "./repository.ts"

const session = new Session()
session.connect()
session.post("Profiler.enable")
// From here on: what has been compiled before is counted by calls of functions alone.
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true })

const take = (): ReadonlyArray<Profiler.ScriptCoverage> => {
  let taken: ReadonlyArray<Profiler.ScriptCoverage> = []
  session.post("Profiler.takePreciseCoverage", (failure, { result }) => {
    if (failure !== null) throw failure
    // Called before `post` returns.
    taken = result
  })
  return taken
}

const source = `${root}src/`

/**
 * How often blocks of our own modules are entered while something runs. What the engine does by itself, in a regular expression or a
 * copy of a text, counts for nothing: that it takes long is seen by the test's timeout alone.
 */
export const stepsOf = (run: () => unknown): number => {
  take()
  run()
  return take()
    .filter(({ url }) => url.includes(source))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)
}
