/** The program that is the first in every guest, built from its sources. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Program from "../../process/Program.ts"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import * as Progress from "../Progress.ts"
import { StepFailed, templateFailed } from "../TemplateError.ts"
import * as GoCompiler from "./GoCompiler.ts"

const format = 1

export const Agent = Schema.Struct({
  version: Schema.Literal(format),
  file: Schema.Struct({ name: Schema.String, digest: Digest.Digest })
})
export type Agent = typeof Agent.Type

/** What the compiler reads; what it embeds, too. */
const isSource = (name: string): boolean =>
  (/\.(go|py|sh)$/.test(name) && !name.endsWith("_test.go")) || name === "go.mod" || name === "go.sum"

/** The sources, by their names. */
const read = Effect.fnUntraced(function* (directory: string) {
  const files = yield* FileSystem.FileSystem
  const names = (yield* files.readDirectory(directory, { recursive: true })).filter(isSource).sort()
  return yield* Effect.forEach(names, (name) =>
    Effect.map(files.readFile(`${directory}/${name}`), (bytes) => [name, Digest.ofBytes(bytes)] as const)
  )
})

/** Where the compiler keeps what it has: it will not start without a place. */
const surroundings = Effect.gen(function* () {
  const { directory } = yield* Cache.Cache
  const home = yield* Effect.orElseSucceed(Config.option(Config.String("HOME")), () => Option.none<string>())
  return {
    CGO_ENABLED: "0",
    GOOS: "linux",
    GOARCH: "amd64",
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly",
    HOME: Option.getOrElse(home, () => directory),
    GOCACHE: `${directory}/go-build`
  }
})

const compile = (compiler: string, sources: string, release: string) =>
  Effect.fnUntraced(function* (directory: string) {
    const files = yield* FileSystem.FileSystem
    const flags = `-s -w -buildid= -X main.release=${release}`
    const output = `${directory}/agent`
    const given = ["build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", output, "."]
    yield* Program.run(compiler, given, {
      directory: sources,
      environment: yield* surroundings,
      onLine: (line) => Progress.tell({ _tag: "Said", step: "agent", line })
    }).pipe(Effect.mapError(templateFailed))
    const digest = Digest.ofBytes(yield* files.readFile(output))
    return { version: format, file: { name: "agent", digest } } satisfies Agent
  })

/** Builds the agent from a directory of sources. The same sources and compiler give the same program. */
export const obtain = Effect.fn("AgentBuild.obtain")(function* (sources: string) {
  const named = yield* Effect.mapError(read(sources), ({ message }) =>
    templateFailed(new StepFailed({ step: "agent", detail: message }))
  )
  const { program, version: compiler } = yield* GoCompiler.obtain(sources)
  const release = Digest.ofValue({ named }).slice(0, 12)
  return yield* Cache.obtain({
    step: "agent",
    key: Digest.ofValue({ format, compiler, named }),
    manifest: Agent,
    make: compile(program, sources, release)
  })
})
