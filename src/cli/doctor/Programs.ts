/** Which programs of the microVM tier this host has, and in which versions. */
import { existsSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Program from "../../process/Program.ts"
import { versionedBoard } from "../../qemu/CommandLine.ts"
import { hypervisor } from "../../qemu/HypervisorName.ts"
import * as GoCompiler from "../../template/image/GoCompiler.ts"
import {
  type HostProgram,
  hostPrograms,
  installing,
  installingProgram,
  isRoot,
  keyring,
  withoutRoot
} from "../HostPrograms.ts"
import { agentSources } from "../Package.ts"
import type { Finding } from "./Finding.ts"

const versionIn = (lines: ReadonlyArray<string>): string => /\d+(?:\.\d+)+\S*/.exec(lines.join("\n"))?.[0] ?? "present"

/** Whether there is no image, or no machine, without it. */
const isRequired = ({ name, when }: HostProgram): boolean =>
  (when === "run" || when === "build") && !(isRoot && withoutRoot.has(name))

const ofProgram = (program: HostProgram): Effect.Effect<Finding, never, Program.Services> => {
  const { name, neededFor, version = "--version" } = program
  const common = { name, neededFor, isRequired: isRequired(program) }
  return Program.run(name, [version]).pipe(
    // Some say their version as the end of a complaint that they were given nothing to do.
    Effect.catch((error) => (error.reason === "Unsuccessful" ? Effect.succeed([error.said]) : Effect.fail(error))),
    Effect.map((lines): Finding => ({ ...common, state: "ok", detail: versionIn(lines) })),
    Effect.catch(({ message }) =>
      Effect.succeed<Finding>({ ...common, state: "missing", detail: message, mend: installingProgram(name) })
    )
  )
}

const supports = (name: string, given: string, wanted: RegExp, found: string, neededFor: string) =>
  Program.run(hypervisor, [given, ...(given === "-help" ? [] : ["help"])]).pipe(
    Effect.map((lines) => lines.some((line) => wanted.test(line))),
    Effect.catch(() => Effect.succeed(false)),
    Effect.map(
      (has): Finding => ({
        name,
        state: has ? "ok" : "missing",
        isRequired: true,
        detail: has ? found : `${hypervisor} does not know it`,
        neededFor,
        ...(has ? {} : { mend: "install QEMU 7.2 or newer, as Debian 12 has it" })
      })
    )
  )

/** What the hypervisor can do, for it is built in many ways. */
const ofHypervisor = Effect.all([
  supports("machine type", "-machine", new RegExp(`^${versionedBoard} `), versionedBoard, "the board of machines"),
  supports("emulation (TCG)", "-accel", /^tcg$/, "built in", "running guests in software"),
  supports("sandbox of QEMU", "-help", /^-sandbox on/, "built in", "a filter of system calls around each machine")
])

/** The compiler: an older one is enough, for it fetches what is needed. */
const compiler = GoCompiler.find(agentSources).pipe(
  Effect.map(({ any, newEnough, release }): Pick<Finding, "state" | "detail" | "mend"> => {
    if (newEnough !== undefined) return { state: "ok", detail: `${newEnough.version}, at ${newEnough.program}` }
    const detail = `${any.version} is older than ${release}: the first build fetches that from the Go module proxy`
    return { state: "degraded", detail }
  }),
  Effect.catch(({ message }) =>
    Effect.succeed({ state: "missing" as const, detail: message, mend: installingProgram("go") })
  ),
  Effect.map(
    (found): Finding => ({
      name: "go",
      neededFor: "building the agent of guests",
      isRequired: true,
      ...found
    })
  )
)

const ofKeyring: Finding = existsSync(keyring.file)
  ? { name: "keys of Debian", state: "ok", isRequired: true, detail: keyring.file, neededFor: "checking packages" }
  : {
      name: "keys of Debian",
      state: "missing",
      isRequired: true,
      detail: `${keyring.file} is not there`,
      neededFor: "checking packages",
      mend: installing([keyring.debian])
    }

/** The hypervisor first: without it, nobody has tried to have this tier. */
export const findings = Effect.gen(function* () {
  const programs = yield* Effect.forEach(
    hostPrograms.filter(({ name }) => name !== "go"),
    ofProgram
  )
  const [first, ...others] = programs
  const able = first?.state === "ok" ? yield* ofHypervisor : []
  return [...(first === undefined ? [] : [first]), ...able, ...others, yield* compiler, ofKeyring]
})
