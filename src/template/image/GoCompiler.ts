/**
 * The compiler of the agent: one of this host that is new enough, or else the release that the agent is written for, which any
 * older one can fetch and check as it fetches and checks modules.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Program from "../../process/Program.ts"
import * as Cache from "../Cache.ts"
import * as Progress from "../Progress.ts"
import { StepFailed, stepFailed, templateFailed } from "../TemplateError.ts"

export interface Compiler {
  readonly program: string
  /** As the compiler says it, such as `go version go1.26.0 linux/amd64`. */
  readonly version: string
}

const numbersOf = (version: string): ReadonlyArray<number> =>
  version.split(".").map((part) => Number.parseInt(part, 10))

/** Whether a release such as `1.26.8` is at least another one. */
export const isAtLeast = (release: string, other: string): boolean => {
  const [own, wanted] = [numbersOf(release), numbersOf(other)]
  const differing = [0, 1, 2].find((index) => (own[index] ?? 0) !== (wanted[index] ?? 0))
  return differing === undefined || (own[differing] ?? 0) > (wanted[differing] ?? 0)
}

/** The release in what a compiler says of itself; undefined of one that was built from no release. */
export const releaseOf = (version: string): string | undefined => /\bgo(\d+(?:\.\d+){1,2})/.exec(version)?.[1]

/** The release that the agent is written for, as its `go.mod` says. */
export const required = Effect.fnUntraced(function* (sources: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(`${sources}/go.mod`), stepFailed("agent"))
  const release = /^go (\d+(?:\.\d+){1,2})$/m.exec(text)?.[1]
  if (release !== undefined) return release
  return yield* templateFailed(new StepFailed({ step: "agent", detail: `${sources}/go.mod does not say its release` }))
})

const versionOf = (program: string) =>
  Program.run(program, ["version"], { environment: { GOTOOLCHAIN: "local", HOME: "/" } }).pipe(
    Effect.map(([version = ""]): Compiler => ({ program, version }))
  )

/** What the modules of a release are called, and where they are unpacked to below a cache of modules. */
const moduleOf = (release: string): string => `golang.org/toolchain@v0.0.1-go${release}.linux-amd64`

const toolchains = Effect.map(Cache.Cache, ({ directory }) => `${directory}/go-toolchain`)

/** The compilers of this host, in the order in which they are tried. */
const present = Effect.fnUntraced(function* (release: string) {
  const fetched = `${yield* toolchains}/${moduleOf(release)}/bin/go`
  const tried = yield* Effect.forEach(["go", "/usr/local/go/bin/go", fetched], (program) =>
    Effect.result(versionOf(program))
  )
  return tried
})

/** Archives of modules do not say which of their files are programs. */
const makeRunnable = Effect.fnUntraced(function* (root: string) {
  const files = yield* FileSystem.FileSystem
  for (const directory of [`${root}/bin`, `${root}/pkg/tool/linux_amd64`]) {
    const names = yield* Effect.orElseSucceed(files.readDirectory(directory), (): ReadonlyArray<string> => [])
    for (const name of names) yield* files.chmod(`${directory}/${name}`, 0o755)
  }
})

const download = Effect.fnUntraced(function* (older: Compiler, release: string) {
  const place = yield* toolchains
  const line = `${older.version} is older than ${release}, which it fetches`
  yield* Progress.tell({ _tag: "Said", step: "agent", line })
  yield* Program.run(older.program, ["mod", "download", moduleOf(release)], {
    environment: { GOMODCACHE: place, GOFLAGS: "-modcacherw", GOTOOLCHAIN: "local", GO111MODULE: "on", HOME: place },
    onLine: (line) => Progress.tell({ _tag: "Said", step: "agent", line })
  }).pipe(Effect.mapError(templateFailed))
  const root = `${place}/${moduleOf(release)}`
  yield* Effect.mapError(makeRunnable(root), stepFailed("agent"))
  return yield* Effect.mapError(versionOf(`${root}/bin/go`), templateFailed)
})

/** Finds a compiler that is new enough for the agent; undefined if there is none. Fails if there is no compiler at all. */
export const find = Effect.fn("GoCompiler.find")(function* (sources: string) {
  const release = yield* required(sources)
  const tried = yield* present(release)
  const found = tried.flatMap((result) => (result._tag === "Success" ? result.success : []))
  const [any] = found
  if (any === undefined) {
    return yield* templateFailed(new Program.ProgramFailed({ program: "go", reason: "NotInstalled", said: "" }))
  }
  const isNewEnough = ({ version }: Compiler) => isAtLeast(releaseOf(version) ?? "0", release)
  return { release, newEnough: found.find(isNewEnough), any }
})

/** A compiler that is new enough for the agent; it is fetched if there is only an older one. */
export const obtain = Effect.fn("GoCompiler.obtain")(function* (sources: string) {
  const { any, newEnough, release } = yield* find(sources)
  return newEnough ?? (yield* download(any, release))
})
