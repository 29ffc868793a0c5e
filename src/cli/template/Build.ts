import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { hypervisor } from "../../qemu/HypervisorName.ts"
import type { Microvm, Template } from "../../template/Template.ts"
import type { TemplateError } from "../../template/TemplateError.ts"
import { durationOf } from "../Duration.ts"
import { exitCodes } from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import { sizeOf } from "../files/Text.ts"
import { hostPrograms, isRoot, withoutRoot } from "../HostPrograms.ts"
import { agentSources } from "../Package.ts"
import { Ended, UsageError } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import { NotInstalled } from "./Exit.ts"
import * as Place from "./Place.ts"

/** What building a template needs of this host. */
const needed = (template: Microvm) => {
  const sources = new Set("oci" in template.image ? ["skopeo", "umoci"] : ["mmdebstrap"])
  const others = new Set(["mmdebstrap", "skopeo", "umoci", ...(isRoot ? withoutRoot : [])])
  return hostPrograms.filter(({ name, when }) => sources.has(name) || (when === "build" && !others.has(name)))
}

/** Of a program that is missing: all that are, so that nobody has to find out one by one. */
const allMissing = (template: Microvm) => (error: TemplateError) =>
  Effect.gen(function* () {
    if (error.reason._tag !== "ProgramFailed" || error.reason.reason !== "NotInstalled") return yield* error
    const { isInstalled } = yield* Effect.promise(() => import("../../process/Program.ts"))
    const programs = yield* Effect.filter(needed(template), ({ name }) => Effect.map(isInstalled(name), (is) => !is))
    if (programs.length === 0) return yield* error
    return yield* new NotInstalled({ programs: programs.map(({ name }) => name) })
  })

interface Options {
  readonly imageOnly: boolean
  readonly verbose: boolean
  readonly newest: boolean
}

/** Builds a template, and says whether machines can be made of it. */
const buildOne = Effect.fnUntraced(function* (template: Template, { imageOnly, newest, verbose }: Options) {
  const { json } = yield* root
  const { notes, out } = yield* Screen
  const { name } = template
  if (template.tier === "embedded") {
    const text = `${name} is of the embedded tier: there is nothing to build`
    yield* out.say(json ? JSON.stringify({ template: name, state: "ready" }) : text)
    return true
  }
  const Builder = yield* Effect.promise(() => import("../../template/Builder.ts"))
  const Progress = yield* Effect.promise(() => import("./BuildProgress.ts"))
  const Text = yield* Effect.promise(() => import("./Text.ts"))
  const kernel = newest ? "newest" : "any"
  const events = Builder.following({ template, agentSources, kernel })
  const { millis, value: image } = yield* Progress.following(name, events, { verbose }).pipe(
    Effect.catchTag("TemplateError", allMissing(template)),
    Effect.onInterrupt(() => notes.say(`${name}: stopped; steps that are made are kept for the next build`)),
    Text.timed
  )
  const bytes = Text.sizeOfAll(yield* Text.filesOf(image))
  const line = `${name} is built: image ${image.id.slice(0, 12)}, ${sizeOf(bytes)}, ${durationOf(millis)}`
  yield* out.say(json ? JSON.stringify({ template: name, state: "built", id: image.id, bytes, millis }) : line)
  return imageOnly || (yield* warm(template))
})

/**
 * A machine is booted, warmed up and frozen now rather than when the first session is opened: a template of which none can be made is
 * not as it should be. A host without QEMU only builds.
 */
const warm = Effect.fnUntraced(function* (template: Microvm) {
  const { notes } = yield* Screen
  const { name } = template
  const { isInstalled } = yield* Effect.promise(() => import("../../process/Program.ts"))
  if (!(yield* isInstalled(hypervisor))) {
    yield* notes.say(`${name}: ${hypervisor} is not installed, so no machine is made ready`)
    return true
  }
  const Text = yield* Effect.promise(() => import("./Text.ts"))
  const MicroVms = yield* Effect.promise(() => import("../../home/MicroVms.ts"))
  let isMade = false
  const begins = Effect.suspend(() => {
    isMade = true
    return notes.say(`${name}: a machine is being booted and warmed up`)
  })
  const done = yield* Effect.result(Text.timed(MicroVms.warm(template, { begins })))
  yield* notes.say(
    Result.match(done, {
      onSuccess: ({ millis }) =>
        `${name}: its machines ${isMade ? `are ready to be cloned, ${durationOf(millis)}` : "were ready to be cloned before"}`,
      onFailure: ({ message }) => `${name}: no machine could be made ready: ${notes.tame(message)}`
    })
  )
  return Result.isSuccess(done)
})

/** `caisson template build`. */
export const build = Command.make(
  "build",
  {
    name: Argument.String("NAME").pipe(
      Argument.withDescription("The template"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    all: Flags.toggle("all", "Build all templates"),
    newest: Flags.toggle("newest-kernel", "Look for a newer kernel of guests than the one there is"),
    imageOnly: Flags.toggle("image-only", "Build the image, and boot no machine of it"),
    verbose: Flags.toggle("verbose", "Show all that the tools say"),
    templates: Place.templatesFlag
  },
  Effect.fnUntraced(function* ({ all, imageOnly, name, newest, templates: given, verbose }) {
    const Registry = yield* Effect.promise(() => import("../../template/Registry.ts"))
    if (all === (name !== undefined)) {
      return yield* new UsageError({ reason: "Contradiction", message: "give the name of a template, or --all" })
    }
    const directories = yield* Place.directories(given)
    yield* Effect.gen(function* () {
      const names = name === undefined ? yield* Registry.namesIn(directories) : [name]
      if (names.length === 0) {
        const message = `there are no templates in ${directories.join(" and ")}`
        return yield* new UsageError({ reason: "NotBuilt", message })
      }
      // Mistakes in one of them are told before the first is built.
      const templates = yield* Effect.forEach(names, (name) => Registry.findIn(directories, name))
      const areReady = yield* Effect.forEach(templates, (each) => buildOne(each, { imageOnly, newest, verbose }))
      if (areReady.includes(false)) return yield* new Ended({ exitCode: exitCodes.failed.code })
    }).pipe(Effect.provide(Place.layer))
  })
).pipe(
  Command.withDescription(
    "Builds the image of a template and makes its machines ready to be cloned, as far as that is not done yet"
  ),
  Command.withExamples([
    { command: "caisson template build shell", description: "Build one" },
    { command: "caisson template build --all", description: "Build all that there are" },
    { command: "caisson template build mine --templates ./templates", description: "Build one of your own" }
  ])
)
