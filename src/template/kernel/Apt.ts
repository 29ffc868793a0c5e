/**
 * Debian's package lists and archives, without being root and without those of the host: whatever that has installed, and whoever
 * keeps it up to date. How a host reaches the outside is its own settings'.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Program from "../../process/Program.ts"
import * as Progress from "../Progress.ts"
import { StepFailed, templateFailed } from "../TemplateError.ts"

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

/** Where packages of a release come from, with its corrections. */
const sources = (release: string): string =>
  [
    `deb [signed-by=${keyring}] http://deb.debian.org/debian ${release} main`,
    `deb [signed-by=${keyring}] http://deb.debian.org/debian-security ${release}-security main`,
    ""
  ].join("\n")

/** What makes the package manager look into a directory in place of the host's. */
const options = (directory: string): ReadonlyArray<string> =>
  [
    `Dir::State=${directory}/state`,
    `Dir::State::status=${directory}/status`,
    `Dir::Cache=${directory}/cache`,
    `Dir::Etc::sourcelist=${directory}/sources.list`,
    "Dir::Etc::sourceparts=-",
    "Dir::Etc::preferencesparts=-",
    "APT::Architecture=amd64",
    "APT::Architectures=amd64",
    "APT::Sandbox::User=root",
    "Acquire::Languages=none"
  ].flatMap((option) => ["-o", option])

export interface Apt {
  /** The newest version of a package: its fields, as text. */
  readonly show: (name: string) => Effect.Effect<string, ReturnType<typeof templateFailed>, Program.Services>
  /** Downloads a package into the directory, and gives the path of the archive. */
  readonly download: (
    name: string,
    version: string
  ) => Effect.Effect<string, ReturnType<typeof templateFailed>, Program.Services | FileSystem.FileSystem>
}

const said = (line: string) => Progress.tell({ _tag: "Said", step: "kernel", line })

/** Fetches the lists of a release into a directory, which has everything of it. */
export const open = Effect.fn("Apt.open")(function* (release: string, directory: string) {
  const files = yield* FileSystem.FileSystem
  const run = (program: string, given: ReadonlyArray<string>) =>
    Program.run(program, [...options(directory), ...given], { directory, onLine: said }).pipe(
      Effect.mapError(templateFailed)
    )
  const prepared = Effect.gen(function* () {
    for (const name of ["state/lists/partial", "cache/archives/partial"]) {
      yield* files.makeDirectory(`${directory}/${name}`, { recursive: true })
    }
    yield* files.writeFileString(`${directory}/status`, "")
    yield* files.writeFileString(`${directory}/sources.list`, sources(release))
  })
  yield* prepared
  yield* run("apt-get", ["update", "--error-on=any"])
  const download: Apt["download"] = Effect.fnUntraced(function* (name, version) {
    yield* run("apt-get", ["download", `${name}=${version}`])
    const names = yield* Effect.orElseSucceed(files.readDirectory(directory), (): ReadonlyArray<string> => [])
    const archive = names.find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"))
    if (archive !== undefined) return `${directory}/${archive}`
    return yield* templateFailed(new StepFailed({ step: "kernel", detail: `apt-get has downloaded no ${name}` }))
  })
  const show: Apt["show"] = (name) =>
    Effect.map(run("apt-cache", ["show", "--no-all-versions", name]), (lines) => lines.join("\n"))
  return { show, download } satisfies Apt
})
